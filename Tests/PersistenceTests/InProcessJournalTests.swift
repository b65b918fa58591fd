import Domain
import Persistence
import TestSupport
import Testing

@Suite struct `In-process journal` {
    let surroundings = TestSurroundings()
    let acme = TenantID("acme000001")!

    private func entry(body: String = "") -> JournalEntry {
        JournalEntry(
            id: JournalID(from: surroundings.surroundings), receivedAt: surroundings.now, method: "POST", host: "h",
            path: "/", query: nil, headers: [(name: "a", value: "b")], body: body, isBodyTruncated: false, status: 200,
            mockID: nil, routeID: nil, durationMicroseconds: 1)
    }

    private func kept(_ journal: InProcessJournal, _ workspace: WorkspaceID) async throws -> [JournalEntry] {
        try await journal.entries(tenant: acme, workspace: workspace, before: nil, limit: .max) { _ in true }
    }

    @Test func `the newest entries are kept, up to the limit`() async throws {
        var limits = JournalLimits()
        limits.entriesPerWorkspace = 100
        let journal = InProcessJournal(limits: limits)
        let workspace = WorkspaceID(from: surroundings.surroundings)
        let entries = (0..<1050).map { _ in entry() }
        for entry in entries { journal.append(entry, tenant: acme, workspace: workspace) }
        #expect(try await kept(journal, workspace) == entries.suffix(100).reversed())
    }

    @Test func `large bodies leave room for fewer entries`() async throws {
        var limits = JournalLimits()
        limits.bytesPerWorkspace = 100_000
        let journal = InProcessJournal(limits: limits)
        let workspace = WorkspaceID(from: surroundings.surroundings)
        let body = String(repeating: "x", count: 30_000)
        for _ in 0..<10 { journal.append(entry(body: body), tenant: acme, workspace: workspace) }
        #expect(try await kept(journal, workspace).count == 3)
    }

    @Test func `over the budget of all, the quietest workspace is forgotten first`() async throws {
        var limits = JournalLimits()
        limits.totalBytes = 100_000
        let journal = InProcessJournal(limits: limits)
        let workspaces = (0..<4).map { _ in WorkspaceID(from: surroundings.surroundings) }
        let body = String(repeating: "x", count: 25_000)
        for (number, body) in [(0, body), (1, body), (2, body), (0, ""), (3, body)] {
            journal.append(entry(body: body), tenant: acme, workspace: workspaces[number])
            surroundings.advance(by: .seconds(1))
        }
        var counts: [Int] = []
        for workspace in workspaces { counts.append(try await kept(journal, workspace).count) }
        #expect(counts == [2, 0, 1, 1])
    }

    @Test func `a stream over the limit ends at once`() async throws {
        var limits = JournalLimits()
        limits.streamsPerWorkspace = 1
        let journal = InProcessJournal(limits: limits)
        let workspace = WorkspaceID(from: surroundings.surroundings)
        let first = journal.stream(tenant: acme, workspace: workspace)
        for await _ in journal.stream(tenant: acme, workspace: workspace) { Issue.record("an entry from nowhere") }
        let seen = entry()
        journal.append(seen, tenant: acme, workspace: workspace)
        var iterator = first.makeAsyncIterator()
        #expect(await iterator.next() == seen)
    }

    @Test func `a slow reader loses the oldest`() async throws {
        var limits = JournalLimits()
        limits.streamBuffer = 2
        let journal = InProcessJournal(limits: limits)
        let workspace = WorkspaceID(from: surroundings.surroundings)
        let stream = journal.stream(tenant: acme, workspace: workspace)
        let entries = (0..<5).map { _ in entry() }
        for entry in entries { journal.append(entry, tenant: acme, workspace: workspace) }
        try await journal.remove(tenant: acme)
        var seen: [JournalEntry] = []
        for await entry in stream { seen.append(entry) }
        #expect(seen == Array(entries.suffix(2)))
    }
}
