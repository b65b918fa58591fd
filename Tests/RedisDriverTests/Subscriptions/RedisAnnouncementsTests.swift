import Domain
import Persistence
import RedisDriver
import Synchronization
import Testing

/// Notes what a node hears.
private final class Listener: Sendable {
    private let heard = Mutex<[Announcement]>([])

    init(_ node: TestNode) {
        node.announcements.subscribe { announcement in self.heard.withLock { $0.append(announcement) } }
    }

    var all: [Announcement] { heard.withLock { $0 } }
}

@Suite struct `Announcements between nodes` {
    private let tenant = TenantID("acme000001")!

    @Test(.enabled(if: SharedServers.single != nil, "\(SharedServers.hint)"), arguments: SharedServers.all)
    func `every other node hears each once, in order, and the sender not again`(_ url: String) async throws {
        let url = SharedServers.own(url)
        let (a, b, c) = (try await TestNode(url), try await TestNode(url), try await TestNode(url))
        let (own, first, second) = (Listener(a), Listener(b), Listener(c))
        var sent: [Announcement] = []
        for _ in 0..<20 {
            sent += [.mocksChanged(tenant, WorkspaceID(from: .system)), .tenantChanged(tenant)]
        }
        for announcement in sent { await a.announcements.publish(announcement) }
        try await eventually("both have heard all") { first.all.count >= 40 && second.all.count >= 40 }
        #expect(first.all == sent)
        #expect(second.all == sent)
        #expect(own.all == sent)
        for node in [a, b, c] { await node.close() }
    }

    @Test(.enabled(if: SharedServers.single != nil, "\(SharedServers.hint)"))
    func `another installation on the same server hears nothing`() async throws {
        let (a, b) = (
            try await TestNode(SharedServers.own(SharedServers.single!)),
            try await TestNode(SharedServers.own(SharedServers.single!))
        )
        let (own, other) = (Listener(a), Listener(b))
        await a.announcements.publish(.tenantChanged(tenant))
        await b.announcements.publish(.tenantChanged(TenantID("other00001")!))
        #expect(own.all == [.tenantChanged(tenant)])
        #expect(other.all == [.tenantChanged(TenantID("other00001")!)])
        await a.close()
        await b.close()
    }

    @Test(.enabled(if: RedisServer.isInstalled, "install redis-server"))
    func `after a loss a node is told, hears again, and sends what it could not`() async throws {
        let server = try await RedisServer()
        let (a, b) = (try await TestNode(server.url), try await TestNode(server.url))
        let listener = Listener(b)
        let reconnects = Atomic<Int>(0)
        b.announcements.onReconnect { reconnects.add(1, ordering: .relaxed) }
        server.stop()
        try await eventually("the loss is noticed") { !a.client.isUp && !b.client.isUp }
        await a.announcements.publish(.tenantChanged(tenant))
        try await server.start()
        try await eventually("the node is told once") { reconnects.load(ordering: .relaxed) == 1 }
        try await eventually("it hears again") {
            await a.announcements.publish(.tenantChanged(TenantID("other00001")!))
            return listener.all.contains(.tenantChanged(TenantID("other00001")!))
        }
        await a.close()
        await b.close()
    }
}
