import Domain
import Foundation
import Synchronization

/// Where imported files are read: on a thread of its own each, since a large one takes seconds of computing and must not hold
/// the few threads that all requests share. A tenant's files are read one after the other, so that it can never take
/// more than one core from the others.
package final class ImportThreads: Sendable {
    /// Files of one tenant that may wait, each with its whole text in memory.
    static let maxWaiting = 4

    private typealias Work = @Sendable () -> Void
    private let waiting = Mutex<[TenantID: [Work]]>([:])

    package init() {}

    /// - Throws: what `body` throws; `too_many_imports` (429) when the tenant has as many waiting as it may.
    func run<Result: Sendable>(
        for tenant: TenantID, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let work: Work = { continuation.resume(with: Swift.Result(catching: body)) }
            let place = waiting.withLock { waiting in
                guard let queue = waiting[tenant] else {
                    waiting[tenant] = []
                    return Place.first
                }
                guard queue.count < Self.maxWaiting else { return .refused }
                waiting[tenant] = queue + [work]
                return .queued
            }
            switch place {
            case .first: Thread.detachNewThread { self.drain(tenant, beginningWith: work) }
            case .queued: break
            case .refused:
                continuation.resume(
                    throwing: Problem(
                        .tooManyRequests, code: "too_many_imports",
                        detail: "\(Self.maxWaiting) imports of this tenant wait already; send this one again later.",
                        headers: [("Retry-After", "5")]))
            }
        }
    }

    private enum Place {
        case first, queued, refused
    }

    private func drain(_ tenant: TenantID, beginningWith first: @escaping Work) {
        var next: Work? = first
        while let work = next {
            work()
            next = waiting.withLock { waiting in
                guard let queue = waiting[tenant], let following = queue.first else {
                    waiting[tenant] = nil
                    return nil
                }
                waiting[tenant] = Array(queue.dropFirst())
                return following
            }
        }
    }
}
