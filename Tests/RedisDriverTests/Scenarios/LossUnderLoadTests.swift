import Domain
import Persistence
import RedisDriver
import Synchronization
import Testing

/// What a mock request needs of Redis, asked over and over by a task for each tenant until told to stop.
private final class Load: Sendable {
    let answers = Atomic<Int>(0)
    /// Answers by the node's own count.
    let byOwnCount = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(on node: TestNode, tenants: [TenantID]) {
        let route = RouteID(from: .system)
        let workspace = WorkspaceID(from: .system)
        let started = tenants.map { tenant in
            Task { [self] in
                while !isOver.load(ordering: .relaxed) {
                    if await node.scenarios.next(route, count: 3, tenant: tenant) == nil {
                        byOwnCount.add(1, ordering: .relaxed)
                        // A real request has more to do than to find no connection.
                        try? await Task.sleep(for: .milliseconds(1))
                    }
                    let entry = JournalEntry(
                        id: JournalID(from: .system), receivedAt: .systemNow(), method: "GET", host: "h", path: "/",
                        query: nil, headers: [], body: "", isBodyTruncated: false, status: 200, mockID: nil,
                        routeID: nil, durationMicroseconds: 1)
                    node.journal.append(entry, tenant: tenant, workspace: workspace)
                    answers.add(1, ordering: .relaxed)
                }
            }
        }
        tasks.withLock { $0 = started }
    }

    func stop() async {
        isOver.store(true, ordering: .relaxed)
        for task in tasks.withLock({ $0 }) { await task.value }
    }
}

private let tenants = (0..<8).map { TenantID("tenant000\($0)")! }

@Suite(.enabled(if: SharedServers.single != nil, "\(SharedServers.hint)"))
struct `Turns of a sequence` {
    @Test(arguments: SharedServers.all)
    func `nodes that ask in any order get each position in turn`(_ url: String) async throws {
        let url = SharedServers.own(url)
        let (a, b) = (try await TestNode(url), try await TestNode(url))
        let (route, tenant) = (RouteID(from: .system), TenantID("acme000001")!)
        var positions: [Int?] = []
        for number in 0..<7 {
            let node = number % 2 == 0 ? a : b
            positions.append(await node.scenarios.next(route, count: 3, tenant: tenant))
        }
        #expect(positions == [0, 1, 2, 0, 1, 2, 0])
        #expect(await a.scenarios.next(route, count: 3, tenant: TenantID("other00001")!) == 0)
        await a.close()
        await b.close()
    }
}

@Suite(.enabled(if: RedisServer.isInstalled, "install redis-server"), .serialized)
struct `Losses under load` {
    @Test func `FLUSHALL and SCRIPT FLUSH break nothing`() async throws {
        let server = try await RedisServer()
        let node = try await TestNode(server.url)
        let other = try await connectedClient(server.url)
        let load = Load(on: node, tenants: tenants)
        for _ in 0..<50 {
            _ = try await other.send(["FLUSHALL"], key: nil)
            _ = try await other.send(["SCRIPT", "FLUSH"], key: nil)
            try await Task.sleep(for: .milliseconds(10))
        }
        await load.stop()
        #expect(load.answers.load(ordering: .relaxed) > 100)
        #expect(load.byOwnCount.load(ordering: .relaxed) == 0)
        #expect(node.journal.dropped.load(ordering: .relaxed) == 0)
        other.close()
        await node.close()
    }

    @Test func `with Redis gone a node counts by itself, and goes back to it`() async throws {
        let server = try await RedisServer()
        let node = try await TestNode(server.url)
        let load = Load(on: node, tenants: tenants)
        server.stop()
        try await eventually("the loss is noticed") { !node.client.isUp }
        try await Task.sleep(for: .milliseconds(200))
        try await server.start()
        try await eventually("Redis is used again") {
            await node.scenarios.next(RouteID(from: .system), count: 2, tenant: tenants[0]) != nil
        }
        await load.stop()
        #expect(load.byOwnCount.load(ordering: .relaxed) > 0)
        await node.close()
    }

    @Test func `when a cluster's master dies, its replica takes over and no request fails`() async throws {
        let cluster = try await RedisCluster()
        let node = try await TestNode(cluster.url)
        let route = RouteID(from: .system)
        // The first three servers are the masters.
        let load = Load(on: node, tenants: tenants)
        cluster.servers[0].stop()
        try await eventually("every tenant's turns are shared again") {
            for tenant in tenants where await node.scenarios.next(route, count: 2, tenant: tenant) == nil {
                return false
            }
            return node.client.isUp
        }
        await load.stop()
        #expect(load.answers.load(ordering: .relaxed) > 100)
        #expect(load.byOwnCount.load(ordering: .relaxed) > 0)
        await node.close()
    }
}
