import Domain
import JSON
import Persistence
import Synchronization
import Testing

@testable import RedisDriver

private func entry(body: String = "", status: Int = 200, after microseconds: Int64 = 0) -> JournalEntry {
    JournalEntry(
        id: JournalID(from: .system), receivedAt: Timestamp(microseconds: 1_800_000_000_123_456 + microseconds),
        method: "POST",
        host: "acme.localhost", path: "/a b", query: "x=1", headers: [("a", "1"), ("a", "2\u{0}\u{1F600}")], body: body,
        isBodyTruncated: true, status: status, mockID: MockID(from: .system), routeID: nil, durationMicroseconds: 12,
        nearMisses: [["route": "r", "score": 1.50]],
        violations: [Violation(pointer: "/a", code: "required", message: "is missing")])
}

@Suite struct `Journal entries as bytes` {
    @Test func `come back as they were`() throws {
        let entry = entry(body: "{\"a\": \"\\u0000\"}\r\n\u{7F}")
        let read = try #require(JournalEntryCoding.entry(JournalEntryCoding.bytes(entry, number: 7)))
        #expect(read.id == entry.id && read.receivedAt == entry.receivedAt && read.durationMicroseconds == 12)
        #expect(read.method == "POST" && read.host == entry.host && read.path == "/a b" && read.query == "x=1")
        #expect(read.headers.map(\.name) == ["a", "a"])
        #expect(read.headers.map(\.value) == entry.headers.map(\.value))
        #expect(read.body == entry.body && read.isBodyTruncated && read.status == 200)
        #expect(read.mockID == entry.mockID && read.routeID == nil)
        #expect(read.nearMisses == entry.nearMisses && read.violations == entry.violations)
    }

    @Test(arguments: ["", "{}", "[1]", "{\"i\":\"req_x\"}"]) func `other bytes are no entry`(_ text: String) {
        #expect(JournalEntryCoding.entry(Array(text.utf8)) == nil)
    }
}

@Suite struct `Turns of journals on their way to Redis` {
    private let lines = JournalLines(JournalLimits(), maxBytes: .max)
    private let now = ContinuousClock.now
    private let flooded: JournalLine
    private let quiet: JournalLine

    init() {
        func key(_ tenant: String) -> JournalKey {
            JournalKey(tenant: TenantID(tenant)!, workspace: WorkspaceID(from: .system))
        }
        flooded = lines.line(key("acme000001"))
        quiet = lines.line(key("other00001"))
    }

    @Test func `a line that rests keeps no other from being sent`() {
        var turns = JournalTurns()
        turns.rest(flooded.key, until: now + .seconds(2))
        turns.add(flooded)
        #expect(turns.timeUntilDue(at: now) == .seconds(2))
        turns.add(quiet)
        #expect(turns.timeUntilDue(at: now) == nil)
        #expect(turns.takeDue(at: now, awaited: []).map(\.key) == [quiet.key])
        #expect(turns.takeDue(at: now + .seconds(1), awaited: []).isEmpty)
        #expect(turns.timeUntilDue(at: now + .seconds(1)) == .seconds(1))
        #expect(turns.takeDue(at: now + .seconds(2), awaited: []).map(\.key) == [flooded.key])
        #expect(turns.isEmpty)
        #expect(turns.timeUntilDue(at: now) == nil)
    }

    @Test func `nothing rests that somebody waits for`() {
        for awaited in [[flooded.key], nil] as [Set<JournalKey>?] {
            var turns = JournalTurns()
            turns.rest(flooded.key, until: now + .seconds(2))
            turns.rest(quiet.key, until: now + .seconds(2))
            turns.add(flooded)
            turns.add(quiet)
            let due = turns.takeDue(at: now, awaited: awaited).map(\.key)
            #expect(due == (awaited == nil ? [flooded.key, quiet.key] : [flooded.key]))
            #expect(turns.waiting.map(\.key) == (awaited == nil ? [] : [quiet.key]))
        }
    }
}

@Suite struct `Entries on their way to Redis` {
    private let acme = JournalKey(tenant: TenantID("acme000001")!, workspace: WorkspaceID(from: .system))
    private let other = JournalKey(tenant: TenantID("other00001")!, workspace: WorkspaceID(from: .system))

    @Test func `a workspace with many pushes out its own oldest and nobody else's`() {
        var limits = JournalLimits()
        limits.entriesPerWorkspace = 10
        let lines = JournalLines(limits, maxBytes: .max)
        #expect(lines.append(ReadJournalEntry(entry()), to: lines.line(other)) == (true, 0))
        let entries = (0..<25).map { _ in entry() }
        for (number, entry) in entries.enumerated() {
            let (wasEmpty, dropped) = lines.append(ReadJournalEntry(entry), to: lines.line(acme))
            #expect(wasEmpty == (number == 0))
            #expect(dropped == 0)
        }
        #expect(lines.take(lines.line(acme)).entries.map { $0.read() } == Array(entries.suffix(10)))
        #expect(lines.take(lines.line(acme)).entries.count == 0)
        #expect(lines.take(lines.line(other)).entries.count == 1)
    }

    @Test func `where there is no room, whoever holds most pays`() {
        let lines = JournalLines(JournalLimits(), maxBytes: 100_000)
        _ = lines.append(ReadJournalEntry(entry()), to: lines.line(other))
        var dropped = 0
        for _ in 0..<200 {
            dropped += lines.append(ReadJournalEntry(entry(body: "large")), to: lines.line(acme)).dropped
        }
        #expect(dropped > 0)
        #expect(lines.line(acme).bytes + lines.line(other).bytes <= 100_000)
        #expect(lines.take(lines.line(other)).entries.count == 1)
    }

    @Test func `what could not be sent goes before what has come since`() {
        let lines = JournalLines(JournalLimits(), maxBytes: .max)
        let (first, second) = (entry(), entry())
        _ = lines.append(ReadJournalEntry(second), to: lines.line(acme))
        #expect(lines.putBack([ReadJournalEntry(first)], to: lines.line(acme)) == (false, 0))
        #expect(lines.take(lines.line(acme)).entries.map { $0.read() } == [first, second])
        #expect(lines.putBack([ReadJournalEntry(first)], to: lines.line(acme)) == (true, 0))
        #expect(lines.take(lines.line(acme)).entries.map { $0.read() } == [first])
    }

    @Test func `a tenant that is gone takes no more entries`() {
        let lines = JournalLines(JournalLimits(), maxBytes: .max)
        let line = lines.line(acme)
        _ = lines.append(ReadJournalEntry(entry()), to: line)
        lines.remove(acme.tenant)
        #expect(lines.append(ReadJournalEntry(entry()), to: line) == (false, 0))
        #expect(lines.putBack([ReadJournalEntry(entry())], to: line) == (false, 1))
        #expect(line.bytes == 0)
        #expect(lines.line(acme) !== line)
    }
}

@Suite(.enabled(if: SharedServers.single != nil, "\(SharedServers.hint)"))
struct `A journal in Redis` {
    private let acme = TenantID("acme000001")!
    private let workspace = WorkspaceID(from: .system)

    private func read(_ journal: RedisJournal, _ workspace: WorkspaceID, limit: Int = 5000) async throws
        -> [JournalEntry]
    {
        try await journal.entries(tenant: acme, workspace: workspace, before: nil, limit: limit) { _ in true }
    }

    @Test(arguments: SharedServers.all)
    func `every node sees at once what another has answered`(_ url: String) async throws {
        let url = SharedServers.own(url)
        let (a, b) = (try await TestNode(url), try await TestNode(url))
        // Until both know of each other.
        _ = try await read(a.journal, workspace)
        _ = try await read(b.journal, workspace)
        for _ in 0..<20 {
            let entry = entry()
            a.journal.append(entry, tenant: acme, workspace: workspace)
            #expect(try await read(b.journal, workspace, limit: 1) == [entry])
        }
        try await b.journal.clear(tenant: acme, workspace: workspace)
        #expect(try await read(a.journal, workspace).isEmpty)
        await a.close()
        await b.close()
    }

    @Test func `entries are in the order in which they were answered, whichever node sent first`() async throws {
        let url = SharedServers.own(SharedServers.single!)
        let (a, b) = (try await TestNode(url), try await TestNode(url))
        let entries = (0..<4).map { entry(after: Int64($0 / 2)) }
        for (node, entry) in [(b, entries[2]), (b, entries[3]), (a, entries[0]), (a, entries[1])] {
            node.journal.append(entry, tenant: acme, workspace: workspace)
            // Sends what the node has.
            _ = try await read(node.journal, workspace)
        }
        #expect(try await read(b.journal, workspace) == entries.reversed())
        await a.close()
        await b.close()
    }

    @Test(arguments: SharedServers.all)
    func `a stream shows what other nodes answer and ends with the tenant`(_ url: String) async throws {
        let url = SharedServers.own(url)
        let (a, b) = (try await TestNode(url), try await TestNode(url))
        let stream = b.journal.stream(tenant: acme, workspace: workspace)
        let seen = Mutex<[JournalEntry]>([])
        let reading = Task { for await entry in stream { seen.withLock { $0.append(entry) } } }
        try await eventually("entries of the other node come") {
            a.journal.append(entry(), tenant: acme, workspace: workspace)
            return seen.withLock { $0.count } > 2
        }
        try await a.journal.remove(tenant: acme)
        await reading.value
        await a.close()
        await b.close()
    }

    @Test func `a workspace keeps its newest within the bounds, and a tenant within its own`() async throws {
        let client = try await connectedClient(SharedServers.own(SharedServers.single!))
        var limits = JournalLimits()
        limits.entriesPerWorkspace = 10
        let journal = RedisJournal(client, RedisSubscriber(client), limits: limits, .system)
        let entries = (0..<25).map { _ in entry() }
        for chunk in [entries[..<8], entries[8..<16], entries[16...]] {
            for entry in chunk { journal.append(entry, tenant: acme, workspace: workspace) }
            _ = try await read(journal, workspace)
        }
        #expect(try await read(journal, workspace) == Array(entries.suffix(10).reversed()))
        let sizes = client.key(acme, "journal-sizes")
        let set = client.key(acme, "requests", workspace.text)
        let kept = try await client.send(["ZRANGE", RedisArgument(set), "0", "-1"], key: set).array ?? []
        let bytes = kept.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
        for field in [workspace.text, ""] {
            let size = try await client.send(["HGET", RedisArgument(sizes), RedisArgument(field)], key: sizes)
            #expect(size.text == "\(bytes)")
        }

        // The same script with a bound of the tenant that two workspaces together break.
        let next = WorkspaceID(from: .system)
        let nextSet = client.key(acme, "requests", next.text)
        let total = try await client.evaluate(
            JournalScripts.append, keys: [nextSet, sizes, client.key(acme, "no-mark")],
            arguments: [
                RedisArgument(next.text), "10", "1000000", RedisArgument(bytes), "60", "none", "head", "1", "an entry",
            ])
        #expect(total == .integer(8))
        #expect(try await client.send(["EXISTS", RedisArgument(set)], key: set) == .integer(0))
        #expect(try await client.send(["EXISTS", RedisArgument(nextSet)], key: set) == .integer(1))
        await journal.close()
        client.close()
    }
}
