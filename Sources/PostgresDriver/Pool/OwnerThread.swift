import Foundation
import Synchronization

/// The one thread that touches a connection: libpq's are not made for two.
final class OwnerThread: Sendable {
    typealias Job = @Sendable (ConnectionSlot) -> Void

    /// Shared with the thread, which must not keep its owner alive.
    private final class Inbox: Sendable {
        let jobs = Mutex<[Job]>([])
        let arrival = DispatchSemaphore(value: 0)
    }

    private let inbox = Inbox()

    /// - Parameter makeSlot: called on the thread.
    init(name: String, makeSlot: @escaping @Sendable () -> ConnectionSlot) {
        let thread = Thread { [inbox] in
            let slot = makeSlot()
            while !slot.isStopped {
                inbox.arrival.wait()
                let job = inbox.jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                job?(slot)
            }
            slot.disconnect()
        }
        thread.name = name
        thread.start()
    }

    func run(_ job: @escaping Job) {
        inbox.jobs.withLock { $0.append(job) }
        inbox.arrival.signal()
    }

    /// Closes the connection and ends the thread; returns when the connection is closed. Nothing may be run afterwards.
    func end() async {
        await withCheckedContinuation { continuation in
            run { slot in
                slot.isStopped = true
                slot.disconnect()
                continuation.resume()
            }
        }
    }

    deinit { run { $0.isStopped = true } }
}
