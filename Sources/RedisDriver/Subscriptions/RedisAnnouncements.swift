package import Domain
package import Persistence
import Synchronization

/// Announcements to the subscribers of every node: this node's first, then the others' over a channel of Redis.
///
/// Nothing depends on them: what a lost connection swallowed is found by the poll of versions, which `onReconnect` can
/// begin at once.
package final class RedisAnnouncements: Announcements {
    private struct Unsent {
        /// In no order: each says only "read this again".
        var announcements: Set<Announcement> = []
        var isSending = false
    }

    /// More than this may be lost: the poll finds what they would have said.
    private static let maxUnsent = 10_000
    private static let maxUnheard = 10_000
    private static let resendPause = Duration.milliseconds(200)

    private let client: RedisClient
    private let subscriber: RedisSubscriber
    private let node: String
    private let channel: String
    private let local = InProcessAnnouncements()
    private let heard: AsyncStream<Announcement>.Continuation
    private let missed = Mutex<[@Sendable () -> Void]>([])
    private let unsent = Mutex(Unsent())

    /// - Parameter subscriber: of the same client; others may use it too.
    package init(_ client: RedisClient, _ subscriber: RedisSubscriber, _ surroundings: Surroundings) {
        self.client = client
        self.subscriber = subscriber
        node = String(surroundings.random(), radix: 36)
        // Channels do not belong to a database number, so the name says which.
        channel = "\(client.address.prefix):\(client.address.database):announcements"
        let (stream, continuation) = AsyncStream.makeStream(
            of: Announcement.self, bufferingPolicy: .bufferingOldest(Self.maxUnheard))
        heard = continuation
        let local = local
        Task { for await announcement in stream { await local.publish(announcement) } }
        subscriber.subscribe(to: channel) { [weak self] payload in self?.received(payload) }
    }

    deinit { heard.finish() }

    package func publish(_ announcement: Announcement) async {
        await local.publish(announcement)
        do throws(RedisError) { try await send(announcement) } catch { sendLater(announcement) }
    }

    package func subscribe(_ handler: @escaping @Sendable (Announcement) async -> Void) { local.subscribe(handler) }

    /// Calls `handler` when announcements of others may have been missed: the moment to look at all versions.
    package func onReconnect(_ handler: @escaping @Sendable () -> Void) {
        missed.withLock { $0.append(handler) }
        subscriber.onReconnect(handler)
    }

    // MARK: Sending

    private func send(_ announcement: Announcement) async throws(RedisError) {
        let words =
            switch announcement {
            case .tenantChanged(let tenant): "\(node) \(tenant)"
            case .mocksChanged(let tenant, let workspace): "\(node) \(tenant) \(workspace)"
            }
        _ = try await client.send(["PUBLISH", RedisArgument(channel), RedisArgument(words)], key: nil)
    }

    /// An announcement sent twice does no harm, so this one is tried until it is out.
    private func sendLater(_ announcement: Announcement) {
        let mustBegin = unsent.withLock { unsent in
            if unsent.announcements.count < Self.maxUnsent { unsent.announcements.insert(announcement) }
            defer { unsent.isSending = true }
            return !unsent.isSending
        }
        guard mustBegin else { return }
        Task { [weak self] in
            while let announcements = self?.takeUnsent() {
                for announcement in announcements {
                    do throws(RedisError) { try await self?.send(announcement) } catch { self?.keep(announcement) }
                }
                try? await Task.sleep(for: Self.resendPause)
            }
        }
    }

    private func keep(_ announcement: Announcement) {
        unsent.withLock { _ = $0.announcements.insert(announcement) }
    }

    private func takeUnsent() -> Set<Announcement>? {
        unsent.withLock { unsent in
            guard !unsent.announcements.isEmpty else {
                unsent.isSending = false
                return nil
            }
            defer { unsent.announcements = [] }
            return unsent.announcements
        }
    }

    // MARK: Hearing

    private func received(_ payload: [UInt8]) {
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ")
        guard words.count >= 2, words[0] != node, let tenant = TenantID(String(words[1])) else { return }
        let announcement: Announcement
        if words.count == 2 {
            announcement = .tenantChanged(tenant)
        } else {
            guard let workspace = WorkspaceID(String(words[2])) else { return }
            announcement = .mocksChanged(tenant, workspace)
        }
        if case .dropped = heard.yield(announcement) {
            for handler in missed.withLock({ $0 }) { handler() }
        }
    }
}
