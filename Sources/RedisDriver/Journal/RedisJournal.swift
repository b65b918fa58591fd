package import Domain
package import Persistence
package import Synchronization

/// Journals that every node sees, in Redis.
///
/// An entry costs its request one append to its workspace's line; a task sends what has gathered, in one piece for each
/// workspace. The more there was to send, the longer the next pieces gather, and a line that was full rests (`JournalTurns`);
/// whoever reads has it sent at once. While Redis is slow or away the lines keep the newest within their bounds. Entries may be
/// sent twice when a connection breaks; readers know them by their ids.
package final class RedisJournal: Journal {
    private struct State {
        var turns = JournalTurns()
        var isSending = false
        var isClosed = false
        var waiters: [(key: JournalKey?, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Runs while entries gather; a reader cancels it.
        var gathering: Task<Void, Never>?
        /// Whether it is for lines that rest; one that does not cancels it.
        var isResting = false

        /// Journals that somebody waits for; nil: all.
        var awaited: Set<JournalKey>? {
            waiters.contains { $0.key == nil } ? nil : Set(waiters.compactMap(\.key))
        }
    }

    /// What one tenant may occupy in Redis, in bytes.
    package static let bytesPerTenant = 64 * 1024 * 1024
    private static let bufferBytes = 64 * 1024 * 1024
    /// How long entries gather before they are sent: at least, for each entry that was sent before, and at most.
    private static let gatheringTime = Duration.milliseconds(2)
    private static let gatheringTimePerEntry = Duration.microseconds(500)
    private static let maxGatheringTime = Duration.milliseconds(500)
    /// How long a line rests that was full.
    private static let restingTime = Duration.seconds(2)
    private static let retryPause = Duration.milliseconds(200)
    /// A journal that nobody adds to is forgotten after a week.
    private static let lifetime = 7 * 24 * 3600
    private static let bytesPerMessage = 1024 * 1024
    private static let entriesPerMessage = 250
    private static let watchLifetime = 30
    private static let watchPause = Duration.seconds(10)

    /// Entries that no reader will see because Redis was slow or away.
    package let dropped = Atomic<Int>(0)
    /// Numbers what is sent: entries that were answered in the same microsecond stay in order.
    private let encoded = Atomic<UInt64>(0)
    private let client: RedisClient
    private let subscriber: RedisSubscriber
    private let limits: JournalLimits
    private let node: String
    private let lines: JournalLines
    private let state = Mutex(State())
    private let streams: JournalStreams
    private let barrier = Mutex<JournalBarrier?>(nil)
    private let watching = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter subscriber: of the same client; others may use it too.
    package init(
        _ client: RedisClient, _ subscriber: RedisSubscriber, limits: JournalLimits = JournalLimits(),
        _ surroundings: Surroundings
    ) {
        self.client = client
        self.subscriber = subscriber
        self.limits = limits
        node = String(surroundings.random(), radix: 36)
        lines = JournalLines(limits, maxBytes: Self.bufferBytes)
        streams = JournalStreams(limits)
        let barrier = JournalBarrier(client, subscriber, node: node) { [weak self] key in
            _ = await self?.flush(key)
        }
        self.barrier.withLock { $0 = barrier }
    }

    /// Sends what is left. Entries that come later are dropped.
    package func close() async {
        let lines = state.withLock { $0.turns.waiting }
        for line in lines where await !flush(line.key) { break }
        state.withLock { $0.isClosed = true }
        barrier.withLock { $0 }?.close()
        watching.withLock { $0 }?.cancel()
    }

    // MARK: Writing

    package func appender(tenant: TenantID, workspace: WorkspaceID) -> any JournalAppender {
        Appender(journal: self, line: lines.line(JournalKey(tenant: tenant, workspace: workspace)))
    }

    private final class Appender: JournalAppender {
        let journal: RedisJournal
        let line: JournalLine

        init(journal: RedisJournal, line: JournalLine) {
            self.journal = journal
            self.line = line
        }

        func append(_ entry: any DeferredJournalEntry) {
            journal.note(journal.lines.append(entry, to: line), line) { entry.read() }
        }

        func append(packed entry: some PackedJournalEntry) {
            journal.note(journal.lines.append(packed: entry, to: line), line) { entry.read() }
        }

        /// Entries are sent before they take much memory.
        var nextPlace: UnsafeRawPointer? { nil }
        var oldestPlace: UnsafeRawPointer? { nil }
    }

    private func note(_ added: (wasEmpty: Bool, dropped: Int), _ line: JournalLine, read: () -> JournalEntry) {
        if added.dropped > 0 { dropped.add(added.dropped, ordering: .relaxed) }
        if !streams.isEmpty, streams.has(line.key) { streams.yield(read(), line.key) }
        if added.wasEmpty { enlist(line) }
    }

    /// The line has got its first entry since it was sent.
    private func enlist(_ line: JournalLine) {
        let (isClosed, mustSend) = state.withLock { state -> (Bool, Bool) in
            if state.isClosed { return (true, false) }
            state.turns.add(line)
            if state.isResting, state.turns.timeUntilDue(at: .now) == nil { state.gathering?.cancel() }
            defer { state.isSending = true }
            return (false, !state.isSending)
        }
        if isClosed { dropped.add(lines.drop(line), ordering: .relaxed) }
        if mustSend { Task { await self.send() } }
    }

    /// Waits until what this node has answered before is in Redis, or with nil until nothing is on its way; false when
    /// Redis cannot be reached.
    private func flush(_ key: JournalKey?) async -> Bool {
        await withCheckedContinuation { continuation in
            let mustSend = state.withLock { state in
                state.waiters.append((key, continuation))
                state.gathering?.cancel()
                defer { state.isSending = true }
                return !state.isSending
            }
            if mustSend { Task { await self.send() } }
        }
    }

    /// Runs while there is something to send.
    private func send() async {
        var pause = Self.gatheringTime
        while true {
            await gather(for: pause)
            let (lines, waiters) = state.withLock { state in
                let due = state.turns.takeDue(at: .now, awaited: state.awaited)
                defer { state.waiters = [] }
                return (due, state.waiters)
            }
            let taken = lines.map { self.lines.take($0) }
            pause = rest(after: taken)
            let failed = await send(taken)
            for waiter in waiters {
                waiter.continuation.resume(returning: waiter.key.map { !failed.contains($0) } ?? true)
            }
            if !failed.isEmpty { try? await Task.sleep(for: Self.retryPause) }
            let isDone = state.withLock { state in
                if state.turns.isEmpty, state.waiters.isEmpty { state.isSending = false }
                return !state.isSending
            }
            if isDone { return }
        }
    }

    /// Has the lines rest that were full, and gives the time for which the others gather.
    private func rest(after taken: [TakenEntries]) -> Duration {
        let full = taken.filter { $0.entries.count >= limits.entriesPerWorkspace }
        let mayRest = full.reduce(0) { $0 + $1.bytes } < Self.bufferBytes / 4
        if mayRest, !full.isEmpty {
            state.withLock { state in
                for taken in full { state.turns.rest(taken.line.key, until: .now + Self.restingTime) }
            }
        }
        func count(_ taken: [TakenEntries]) -> Int { taken.reduce(0) { $0 + $1.entries.count } }
        let count = count(taken) - (mayRest ? count(full) : 0)
        return max(Self.gatheringTime, min(Self.gatheringTimePerEntry * count, Self.maxGatheringTime))
    }

    private func gather(for time: Duration) async {
        let rest = state.withLock { $0.turns.timeUntilDue(at: .now) }
        let pause = Task { _ = try? await Task.sleep(for: max(time, rest ?? .zero)) }
        let isAwaited = state.withLock { state in
            state.gathering = pause
            state.isResting = rest != nil
            return !state.waiters.isEmpty || (rest != nil && state.turns.timeUntilDue(at: .now) == nil)
        }
        if isAwaited { pause.cancel() }
        await pause.value
        state.withLock { state in
            state.gathering = nil
            state.isResting = false
        }
    }

    /// Gives the journals that could not be sent; their entries wait again.
    private func send(_ taken: [TakenEntries]) async -> Set<JournalKey> {
        await withTaskGroup(of: (JournalLine, [any DeferredJournalEntry]).self) { group in
            for taken in taken where !taken.entries.isEmpty {
                group.addTask { (taken.line, await self.send(taken.entries, taken.line.key)) }
            }
            var failed: Set<JournalKey> = []
            for await (line, unsent) in group where !unsent.isEmpty {
                failed.insert(line.key)
                let (wasEmpty, lost) = lines.putBack(unsent, to: line)
                if lost > 0 { dropped.add(lost, ordering: .relaxed) }
                if wasEmpty { state.withLock { $0.turns.add(line) } }
            }
            return failed
        }
    }

    /// Gives what could not be sent.
    private func send(_ entries: [any DeferredJournalEntry], _ key: JournalKey) async -> [any DeferredJournalEntry] {
        let head: [RedisArgument] = [
            RedisArgument(key.workspace.text), RedisArgument(limits.entriesPerWorkspace),
            RedisArgument(limits.bytesPerWorkspace), RedisArgument(Self.bytesPerTenant), RedisArgument(Self.lifetime),
            RedisArgument(channel(key.tenant)), RedisArgument("\(node) \(key.workspace) "),
        ]
        var rest = entries[...]
        while !rest.isEmpty {
            var arguments = head
            var size = 0
            var count = 0
            for entry in rest.prefix(Self.entriesPerMessage) where size < Self.bytesPerMessage {
                let entry = entry.read()
                let number = encoded.add(1, ordering: .relaxed).newValue
                let bytes = JournalEntryCoding.bytes(entry, number: number)
                size += bytes.count
                count += 1
                arguments.append(RedisArgument(Int(entry.receivedAt.microseconds + entry.durationMicroseconds)))
                arguments.append(RedisArgument(bytes))
            }
            do throws(RedisError) {
                _ = try await client.evaluate(
                    JournalScripts.append, keys: [set(key), sizes(key.tenant), mark(key)], arguments: arguments)
            } catch {
                // What Redis refuses now, such as for want of memory, it may take later.
                return Array(rest)
            }
            rest = rest.dropFirst(count)
        }
        return []
    }

    // MARK: Reading

    package func entries(
        tenant: TenantID, workspace: WorkspaceID, before: JournalID?, limit: Int,
        where isIncluded: @Sendable (JournalEntry) -> Bool
    ) async throws -> [JournalEntry] {
        let key = JournalKey(tenant: tenant, workspace: workspace)
        try await settle(key)
        var result: [JournalEntry] = []
        var seen: Set<JournalID> = []
        var hasPassedStart = before == nil
        var position = 0
        while result.count < limit {
            // New entries push the others back while we read, so a piece may repeat some of the one before.
            let piece =
                try await run { () throws(RedisError) in
                    try await client.send(
                        [
                            "ZREVRANGE", RedisArgument(set(key)), RedisArgument(position), RedisArgument(position + 99),
                        ], key: set(key))
                }.array ?? []
            if piece.isEmpty { break }
            position += piece.count
            for bytes in piece where result.count < limit {
                guard let entry = bytes.bytes.flatMap(JournalEntryCoding.entry), seen.insert(entry.id).inserted else {
                    continue
                }
                if !hasPassedStart {
                    hasPassedStart = entry.id == before
                } else if isIncluded(entry) {
                    result.append(entry)
                }
            }
        }
        return result
    }

    package func clear(tenant: TenantID, workspace: WorkspaceID) async throws {
        let key = JournalKey(tenant: tenant, workspace: workspace)
        _ = lines.drop(lines.line(key))
        try await settle(key)
        _ = try await run { () throws(RedisError) in
            try await client.evaluate(
                JournalScripts.clear, keys: [set(key), sizes(tenant)], arguments: [RedisArgument(workspace.text)])
        }
    }

    package func remove(tenant: TenantID) async throws {
        lines.remove(tenant)
        streams.finish(tenant)
        // What is just being sent would come after the end.
        _ = await flush(nil)
        _ = try await run { () throws(RedisError) in
            try await client.evaluate(
                JournalScripts.remove, keys: [sizes(tenant)],
                arguments: [
                    RedisArgument(client.key(tenant, "requests", "")), RedisArgument(channel(tenant)),
                    RedisArgument("\(node) - "),
                ])
        }
    }

    /// Waits until everything that any node answered before is in Redis.
    private func settle(_ key: JournalKey) async throws {
        guard await flush(key) else { throw SharedStateError("the journal cannot be sent to Redis now") }
        let barrier = barrier.withLock { $0 }
        try await run { () throws(RedisError) in try await barrier?.wait(for: key) }
    }

    private func run<Result>(
        _ body: () async throws(RedisError) -> Result
    ) async throws(SharedStateError) -> Result {
        do throws(RedisError) { return try await body() } catch {
            throw SharedStateError("the journal cannot be read from Redis: \(error)")
        }
    }

    // MARK: Watching

    /// Entries of this node come at once; those of others over Redis, from about now on.
    package func stream(tenant: TenantID, workspace: WorkspaceID) -> AsyncStream<JournalEntry> {
        let key = JournalKey(tenant: tenant, workspace: workspace)
        let (stream, isFirst) = streams.open(key) { [weak self] in self?.stopWatching(key) }
        if isFirst {
            subscriber.subscribe(to: channel(tenant)) { [weak self] payload in self?.received(payload, tenant) }
            keepWatching(key)
        }
        return stream
    }

    private func received(_ payload: [UInt8], _ tenant: TenantID) {
        let parts = payload.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].elementsEqual(node.utf8) else { return }
        let name = String(decoding: parts[1], as: UTF8.self)
        if name == "-" {
            streams.finish(tenant)
        } else if let workspace = WorkspaceID(name), let entry = JournalEntryCoding.entry(Array(parts[2])) {
            streams.yield(entry, JournalKey(tenant: tenant, workspace: workspace))
        }
    }

    /// Other nodes publish a workspace's entries only while its mark is there, and the mark goes by itself.
    private func keepWatching(_ key: JournalKey) {
        let client = client
        let mark = mark(key)
        let command: [RedisArgument] = ["SET", RedisArgument(mark), "1", "EX", RedisArgument(Self.watchLifetime)]
        Task { _ = try? await client.send(command, key: mark) }
        watching.withLock { watching in
            guard watching == nil else { return }
            watching = Task { [weak self] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.watchPause)
                    guard let self else { return }
                    for key in self.streams.keys {
                        let mark = self.mark(key)
                        _ = try? await self.client.send(
                            ["SET", RedisArgument(mark), "1", "EX", RedisArgument(Self.watchLifetime)], key: mark)
                    }
                }
            }
        }
    }

    private func stopWatching(_ key: JournalKey) {
        guard !streams.keys.contains(where: { $0.tenant == key.tenant }) else { return }
        subscriber.unsubscribe(from: channel(key.tenant))
    }

    // MARK: Names

    private func set(_ key: JournalKey) -> String { client.key(key.tenant, "requests", key.workspace.text) }

    private func sizes(_ tenant: TenantID) -> String { client.key(tenant, "journal-sizes") }

    private func mark(_ key: JournalKey) -> String { client.key(key.tenant, "journal-watched", key.workspace.text) }

    private func channel(_ tenant: TenantID) -> String {
        client.key(tenant, "journal-entries", "\(client.address.database)")
    }
}
