import Synchronization

/// Whether this node is on its way out. While it is, every reply asks the client to open its next connection elsewhere.
package final class DrainState: Sendable {
    private let draining = Atomic<Bool>(false)

    package init() {}

    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// There is no way back.
    package func begin() { draining.store(true, ordering: .relaxed) }
}
