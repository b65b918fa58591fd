import Domain
import JSON
import Persistence

/// Fills an empty store with many tenants for a benchmark, straight through the repositories, since thousands of tenants over
/// the API would take longer than the measurement.
@main
struct Seed {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        guard let place = arguments.first, numbers.count == 3 else {
            print("usage: seed DATA_FOLDER TENANTS MOCKS ROUTES   (mocks a tenant, routes a mock)")
            return
        }
        let database = try SQLiteDatabase(folder: place)
        let installation = Installation(database: database, mocks: numbers[1], routes: numbers[2])
        for number in 0..<numbers[0] { try await installation.addTenant(number) }
        try await database.close()
    }
}

/// Tenants `seeded0`, `seeded1`, …, each with one workspace whose mock `m` answers `GET /m<m>/r<r>/{id}`.
struct Installation: Sendable {
    let database: any Database
    let mocks: Int
    let routes: Int
    private let surroundings = Surroundings.system

    init(database: any Database, mocks: Int, routes: Int) {
        self.database = database
        self.mocks = mocks
        self.routes = routes
    }

    func addTenant(_ number: Int) async throws {
        let now = surroundings.now()
        let id = TenantID(from: surroundings)
        let subdomain = try Subdomain("seeded\(number)")
        try await database.createSchema(id)
        try await fill(id, at: now)
        try await database.write(.platform) { sql in
            try TenantRepository(sql).insert(
                TenantRecord(
                    id: id, name: "Tenant \(number)", subdomain: subdomain, plan: "enterprise", status: .active,
                    adminEmail: "tenant\(number)@example.com", adminName: "",
                    quotaOverrides: Self.quotas, isProvisioned: true, createdAt: now,
                    updatedAt: now))
        }
    }

    private func fill(_ id: TenantID, at now: Timestamp) async throws {
        let workspace = WorkspaceRecord(
            id: WorkspaceID(from: surroundings), slug: .default, name: "Default", description: "", isDefault: true,
            settings: [:], createdAt: now, updatedAt: now)
        let content = (0..<mocks).map { mock in
            let record = MockRecord(
                id: MockID(from: surroundings), workspaceID: workspace.id, name: "Mock \(mock)", basePath: "/m\(mock)",
                source: .null, isEnabled: true, createdAt: now, updatedAt: now)
            return (record, (0..<routes).map { route($0, of: record.id, at: now) })
        }
        try await database.write(.tenant(id)) { sql in
            try WorkspaceRepository(sql).insert(workspace)
            for (mock, routes) in content {
                try MockRepository(sql).insert(mock)
                try RouteRepository(sql).insert(routes)
            }
        }
    }

    private func route(_ number: Int, of mock: MockID, at now: Timestamp) -> RouteRecord {
        RouteRecord(
            id: RouteID(from: surroundings), mockID: mock, position: number,
            definition: [
                "name": "", "method": "GET", "path": .string("/r\(number)/{id}"), "priority": 0, "enabled": true,
                "match": [:], "selection": "first_match",
                "responses": [
                    ["status": 200, "body": ["route": .number(JSONNumber(number)), "note": .string(Self.note)]]
                ],
            ],
            origin: .null, createdAt: now, updatedAt: now)
    }

    /// A limit of the rate would end the measurement.
    private static let quotas = QuotaLimit(wireValue: -1).map { [QuotaKey.maxRequestsPerMinute: $0] } ?? [:]
    private static let note = String(repeating: "x", count: 140)
}
