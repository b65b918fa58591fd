import Synchronization

/// Clients that call one address again and again, each waiting for its answer, until told to stop.
final class Load: Sendable {
    struct Tally: Sendable, CustomStringConvertible {
        var byStatus: [Int: Int] = [:]
        /// Requests without an answer.
        var broken = 0

        var answered: Int { byStatus.values.reduce(0, +) }
        var succeeded: Int { byStatus[200] ?? 0 }
        var failed: Int { answered - succeeded + broken }
        var description: String { "\(byStatus.sorted { $0.key < $1.key }), \(broken) broken" }
    }

    private let tally = Mutex(Tally())
    private let isStopped = Atomic<Bool>(false)
    private let clients = Mutex<[Task<Void, Never>]>([])

    /// - Parameter pause: of each client between two requests: the load is bounded, the machine small.
    init(_ http: HTTP, _ path: String, clients count: Int = 6, pause: Duration = .milliseconds(10)) {
        let tasks = (0..<count).map { _ in
            Task { [weak self] in
                while let self, !self.isStopped.load(ordering: .relaxed) {
                    let status = try? await http.get(path).status
                    self.tally.withLock { tally in
                        if let status { tally.byStatus[status, default: 0] += 1 } else { tally.broken += 1 }
                    }
                    try? await Task.sleep(for: pause)
                }
            }
        }
        clients.withLock { $0 = tasks }
    }

    var now: Tally { tally.withLock { $0 } }

    /// Returns when at least `count` more requests have been answered.
    func more(_ count: Int) async throws {
        let goal = now.answered + count
        guard try await eventually(within: .seconds(60), { self.now.answered >= goal }) != nil else {
            throw ChildProcess.Failure(description: "the load stands still at \(now)")
        }
    }

    func stop() async -> Tally {
        isStopped.store(true, ordering: .relaxed)
        for client in clients.withLock({ $0 }) { await client.value }
        return now
    }
}
