package import Logging
import ServiceLifecycle

/// Background work that brings the world to what the database says: takes no input, safe to run twice.
package protocol Reconciler: Sendable {
    /// For the log.
    var name: String { get }

    /// Does what is due now.
    func reconcile() async throws
}

/// Runs a reconciler at the start, on each nudge and once in every period, until the process stops.
package struct ReconcilerService: Service {
    private let reconciler: any Reconciler
    private let nudge: Nudge
    private let period: Duration
    private let logger: Logger

    package init(_ reconciler: any Reconciler, nudge: Nudge = Nudge(), every period: Duration, logger: Logger) {
        self.reconciler = reconciler
        self.nudge = nudge
        self.period = period
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: period)
                        nudge.nudge()
                    }
                }
                nudge.nudge()
                for await _ in nudge.stream { await attempt() }
                group.cancelAll()
            }
        }
    }

    private func attempt() async {
        do {
            try await reconciler.reconcile()
        } catch {
            // The next period tries again; a failure here must not end the process.
            logger.warning(
                "background work failed", metadata: ["work": "\(reconciler.name)", "error": "\(error)"])
        }
    }
}
