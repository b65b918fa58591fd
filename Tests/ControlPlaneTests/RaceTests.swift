import Domain
import HTTPTypes
import JSON
import Logging
import Persistence
import PostgresDriver
import TestSupport
import Testing

@testable import ControlPlane

/// Limits hold when 50 requests race for the last place: on one node with SQLite, and on two nodes of one PostgreSQL database.
@Suite struct RaceTests {
    enum Site: String, CaseIterable, Sendable {
        case oneNodeOnSQLite, twoNodesOnPostgreSQL

        static let available = allCases.filter { $0 == .oneNodeOnSQLite || PostgresTestDatabase.isAvailable }

        /// The nodes, and a tenant whose requests `send` spreads over them.
        func open(plan: String = "professional") async throws -> (nodes: [Installation], customer: Customer) {
            let nodes: [Installation]
            switch self {
            case .oneNodeOnSQLite:
                nodes = [try Installation()]
            case .twoNodesOnPostgreSQL:
                let server = PostgresTestDatabase()
                let objects = MemoryObjectStore()
                nodes = try (0..<2).map { _ in
                    var surroundings = Surroundings.system
                    // What the nodes hold keeps the test's database there.
                    surroundings.now = { withExtendedLifetime(server) { Surroundings.system.now() } }
                    let database = PostgresDatabase(
                        try PostgresAddress(server.url + "?pool_size=4&pool_timeout=60"), surroundings: surroundings,
                        logger: Logger(label: "test"))
                    return try Installation(sharing: (database, objects))
                }
            }
            return (nodes, try await Customer(nodes[0], plan: plan))
        }
    }

    /// The statuses of 50 requests that are sent at once, to each node in turn.
    private func race(
        _ nodes: [Installation], _ customer: Customer, _ path: String, _ body: @escaping @Sendable (Int) -> JSON
    ) async throws -> [Int: Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await nodes[number % nodes.count].send(
                        .post, "/v1" + path, token: customer.key, json: body(number)
                    ).status
                }
            }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }

    private func overrides(_ customer: Customer, _ quotas: JSON) async throws {
        let answer = try await customer.installation.send(
            .patch, "/v1/tenants/\(customer.tenant)", json: ["quotas": quotas])
        guard answer.status == 200 else { throw UnexpectedAnswer(answer: answer) }
    }

    private static func route(_ number: Int, _ size: Int) -> JSON {
        // Such that no database makes it smaller.
        let text = (0..<size / 8).map { _ in String(UInt32.random(in: 1 << 31 ... .max), radix: 16) }.joined()
        return ["method": "GET", "path": .string("/r\(number)"), "responses": [["body": .string(text)]]]
    }

    /// Sets the limit and fills the object store so that `bytes` are left.
    private func leave(_ bytes: Int, to customer: Customer) async throws {
        let storage = try await customer.send(.get, "/usage").json["storage"]
        let used = try #require(storage?["bytes"]?.integer)
        let limit = (used + bytes) / 1_048_576 + 1
        try await customer.installation.objects.put(
            [UInt8](repeating: 0, count: limit << 20 - used - bytes), key: "filler", tenant: customer.tenant)
        try await overrides(customer, ["max_storage_mb": JSON(limit)])
    }

    @Test(arguments: Site.available)
    func `of 50 workspaces at once where one is left, exactly one is made`(site: Site) async throws {
        let (nodes, customer) = try await site.open(plan: "free")
        let statuses = try await race(nodes, customer, "/workspaces") { ["name": .string("W\($0)")] }
        #expect(statuses == [201: 1, 403: 49])
        #expect(try await customer.send(.get, "/workspaces").json["total"] == 2)
    }

    @Test(arguments: Site.available)
    func `of 50 mocks at once where one is left, exactly one is made`(site: Site) async throws {
        let (nodes, customer) = try await site.open()
        try await overrides(customer, ["max_mocks": 3])
        for name in ["A", "B"] { _ = try await customer.makeMock(name) }
        let path = "/workspaces/\(customer.workspace)/mocks"
        let statuses = try await race(nodes, customer, path) { ["name": .string("M\($0)")] }
        #expect(statuses == [201: 1, 403: 49])
        #expect(try await customer.send(.get, path).json["total"] == 3)
    }

    /// The small ones are rows of the database, the large ones objects.
    @Test(arguments: Site.available, [50_000, 150_000])
    func `of 50 routes at once where the storage has room for one, exactly one is stored`(
        site: Site, size: Int
    ) async throws {
        let (nodes, customer) = try await site.open()
        let mock = try await customer.makeMock()
        try await leave(size * 3 / 2, to: customer)
        let statuses = try await race(nodes, customer, "/mocks/\(mock)/routes") { Self.route($0, size) }
        #expect(statuses == [201: 1, 403: 49])
        #expect(try await customer.send(.get, "/mocks/\(mock)/routes").json["total"] == 1)
        let stored = try await customer.installation.objects.list(prefix: "workspaces/", tenant: customer.tenant)
        #expect(stored.count == (size > 64_000 ? 1 : 0))
    }

    @Test(arguments: Site.available)
    func `what was claimed and not stored is free again`(site: Site) async throws {
        let (_, customer) = try await site.open()
        let mock = try await customer.makeMock()
        try await leave(250_000, to: customer)
        let large = Self.route(0, 150_000)
        let nowhere = "/mocks/mock_0000000000000000/routes"
        for _ in 0..<3 { #expect(try await customer.send(.post, nowhere, json: large).status == 404) }
        let headers = ["Idempotency-Key": "one-route"]
        #expect(try await customer.send(.post, "/mocks/\(mock)/routes", json: large, headers: headers).status == 201)
        let claims = try await customer.installation.database.read(.tenant(customer.tenant)) { sql in
            try StorageClaimRepository(sql).claimed(since: Timestamp(microseconds: 0))
        }
        #expect(claims == 0)
    }

    @Test func `a claim that a dead node left lapses after an hour`() async throws {
        let (nodes, customer) = try await Site.oneNodeOnSQLite.open()
        let mock = try await customer.makeMock()
        try await leave(200_000, to: customer)
        let now = nodes[0].clock.now
        try await nodes[0].database.write(.tenant(customer.tenant)) { sql in
            try StorageClaimRepository(sql).claim(150_000, as: "dead", at: now)
        }
        let large = Self.route(0, 100_000)
        #expect(try await customer.send(.post, "/mocks/\(mock)/routes", json: large).status == 403)
        nodes[0].clock.advance(.seconds(3601))
        #expect(try await customer.send(.post, "/mocks/\(mock)/routes", json: large).status == 201)
    }
}
