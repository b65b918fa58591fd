import Domain
import Persistence
import Synchronization

/// Who on this node watches a workspace's requests.
final class JournalStreams: Sendable {
    private struct State {
        var byKey: [JournalKey: [Int: AsyncStream<JournalEntry>.Continuation]] = [:]
        var next = 0
    }

    private let limits: JournalLimits
    private let state = Mutex(State())
    /// Read for every request, so it costs no lock.
    private let count = Atomic<Int>(0)

    init(_ limits: JournalLimits) { self.limits = limits }

    /// Whether anybody watches anything here.
    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    var keys: [JournalKey] { state.withLock { Array($0.byKey.keys) } }

    /// One that has ended already when there are too many. `whenIdle` is called when nobody watches the key any more.
    func open(
        _ key: JournalKey, whenIdle: @escaping @Sendable () -> Void
    ) -> (stream: AsyncStream<JournalEntry>, isFirst: Bool) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: JournalEntry.self, bufferingPolicy: .bufferingNewest(limits.streamBuffer))
        let opened = state.withLock { state -> (number: Int, isFirst: Bool)? in
            let open = state.byKey[key]?.count ?? 0
            guard open < limits.streamsPerWorkspace else { return nil }
            state.next += 1
            state.byKey[key, default: [:]][state.next] = continuation
            count.add(1, ordering: .relaxed)
            return (state.next, open == 0)
        }
        guard let opened else {
            continuation.finish()
            return (stream, false)
        }
        continuation.onTermination = { [weak self] _ in
            if self?.remove(opened.number, key) ?? false { whenIdle() }
        }
        return (stream, opened.isFirst)
    }

    func yield(_ entry: JournalEntry, _ key: JournalKey) {
        let streams = state.withLock { $0.byKey[key].map { Array($0.values) } ?? [] }
        for stream in streams { stream.yield(entry) }
    }

    func has(_ key: JournalKey) -> Bool { state.withLock { $0.byKey[key] != nil } }

    func finish(_ tenant: TenantID) {
        let streams = state.withLock { state in
            state.byKey.filter { $0.key.tenant == tenant }.flatMap { $0.value.values }
        }
        for stream in streams { stream.finish() }
    }

    /// Whether it was the last one of its key.
    private func remove(_ number: Int, _ key: JournalKey) -> Bool {
        state.withLock { state in
            guard state.byKey[key]?.removeValue(forKey: number) != nil else { return false }
            count.subtract(1, ordering: .relaxed)
            guard state.byKey[key]?.isEmpty ?? false else { return false }
            state.byKey[key] = nil
            return true
        }
    }
}
