import ServiceLifecycle
import Synchronization

/// Whether a load balancer should send requests here.
final class Readiness: Sendable {
    private let isReadyNow = Atomic<Bool>(false)

    var isReady: Bool { isReadyNow.load(ordering: .acquiring) }
    func begin() { isReadyNow.store(true, ordering: .releasing) }
    func end() { isReadyNow.store(false, ordering: .releasing) }
}

/// The first to hear of a stop signal: turns readiness off, and holds the listeners open until a balancer has seen it.
///
/// Must stand last in the group, since services stop in reverse order.
struct StopSignal: Service {
    let delay: Duration
    let onStop: @Sendable () -> Void

    func run() async throws {
        try? await gracefulShutdown()
        onStop()
        // The next service to stop is the main listener.
        try? await Task.sleep(for: delay)
    }
}
