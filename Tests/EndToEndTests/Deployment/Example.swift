import JSON

/// A tenant with one mock, as many tests need it.
struct Example {
    let id: String
    let subdomain: String
    let key: String
    let owner: API
    let workspace: String
    let mock: String

    /// - Parameter quotas: overrides of the plan's.
    init(_ server: RunningServer, _ subdomain: String, plan: String = "professional", quotas: JSON = [:]) async throws {
        let reply = try await server.admin.post(
            "/tenants",
            [
                "name": .string(subdomain), "subdomain": .string(subdomain), "plan": .string(plan),
                "admin_email": "admin@example.com", "quotas": quotas,
            ])
        guard reply.status == 201, let id = reply.json["tenant_id"]?.string, let key = reply.json["api_key"]?.string
        else { throw API.Unexpected(reply) }
        self.id = id
        self.subdomain = subdomain
        self.key = key
        owner = server.api(key)
        workspace = try await owner.defaultWorkspace()
        let made = try await owner.post("/workspaces/\(workspace)/mocks", ["name": "Example", "base_path": "/x"])
        guard let mock = made.json["id"]?.string else { throw API.Unexpected(made) }
        self.mock = mock
    }

    /// Adds a route for GET; its id.
    @discardableResult
    func route(_ path: String, _ responses: JSON..., selection: String = "first_match") async throws -> String {
        let reply = try await owner.post(
            "/mocks/\(mock)/routes",
            [
                "name": .string(path), "method": "GET", "path": .string(path), "responses": .array(responses),
                "selection": .string(selection),
            ])
        guard reply.status == 201, let id = reply.json["id"]?.string else { throw API.Unexpected(reply) }
        return id
    }

    /// Mock traffic for the tenant through one port.
    func http(_ port: Int) -> HTTP { HTTP(port: port, host: "\(subdomain).localhost") }

    /// What the ledger holds of the last day, asked through `api`.
    static func usage(_ api: API, _ tenant: String) async throws -> Int {
        let reply = try await api.get("/tenants/\(tenant)/usage?period=day")
        guard reply.status == 200, let total = reply.json["total_requests"]?.integer else {
            throw API.Unexpected(reply)
        }
        return total
    }
}

/// Asks again and again until the answer is as it should be.
///
/// - Returns: how long that took; nil when it was not so within `limit`.
func eventually(within limit: Duration, _ condition: () async throws -> Bool) async throws -> Duration? {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < limit {
        if try await condition() { return ContinuousClock.now - start }
        try await Task.sleep(for: .milliseconds(20))
    }
    return try await condition() ? ContinuousClock.now - start : nil
}
