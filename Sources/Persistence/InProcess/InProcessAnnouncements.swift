import Domain
import Synchronization

/// Announcements of a single node: from its control plane to its own subscribers.
///
/// A handler must not publish: it would wait for itself.
package final class InProcessAnnouncements: Announcements {
    private struct Subscriber {
        let handler: @Sendable (Announcement) async -> Void
        /// The delivery that the next one waits for.
        var last: Task<Void, Never>?
    }

    private let subscribers = Mutex<[Subscriber]>([])

    package init() {}

    package func publish(_ announcement: Announcement) async {
        let deliveries = subscribers.withLock { subscribers in
            subscribers.indices.map { index in
                let (handler, previous) = (subscribers[index].handler, subscribers[index].last)
                let delivery = Task {
                    await previous?.value
                    await handler(announcement)
                }
                subscribers[index].last = delivery
                return delivery
            }
        }
        for delivery in deliveries { await delivery.value }
    }

    package func subscribe(_ handler: @escaping @Sendable (Announcement) async -> Void) {
        subscribers.withLock { $0.append(Subscriber(handler: handler)) }
    }
}
