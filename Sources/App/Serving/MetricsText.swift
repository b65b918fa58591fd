import Domain
import Foundation
import NIOCore
import Prometheus
import Synchronization

/// What a scrape gets. With thousands of tenants it takes a good part of a tenth of a second to write, so that is done on a
/// thread behind those that answer requests. Scrapes at the same time share one.
final class MetricsText: Sendable {
    private let registry: Registry
    private let writing = Mutex<Task<ByteBuffer, Never>?>(nil)

    init(_ registry: Registry) { self.registry = registry }

    func current() async -> ByteBuffer {
        let task = writing.withLock { writing in
            if let task = writing { return task }
            let task = Task { await self.write() }
            writing = task
            return task
        }
        return await task.value
    }

    private func write() async -> ByteBuffer {
        let text = await withCheckedContinuation { continuation in
            Thread.detachNewThread { [registry] in
                ThreadPriority.lower()
                continuation.resume(returning: ByteBuffer(bytes: registry.text()))
            }
        }
        writing.withLock { $0 = nil }
        return text
    }
}
