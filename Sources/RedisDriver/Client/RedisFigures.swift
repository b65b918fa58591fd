package import Synchronization

/// What a client counts, for the metrics.
package final class RedisFigures: Sendable {
    package let commands = Atomic<Int>(0)
    /// Commands without a reply: no connection, a lost one, too late, too many.
    package let failures = Atomic<Int>(0)
    package let reconnects = Atomic<Int>(0)
    /// MOVED and ASK answers that were followed.
    package let redirections = Atomic<Int>(0)

    init() {}
}
