import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

@Suite struct QuotaTests {
    private func overrides(_ customer: Customer, _ quotas: JSON, permissions: JSON = [:]) async throws {
        let answer = try await customer.installation.send(
            .patch, "/v1/tenants/\(customer.tenant)", json: ["quotas": quotas, "permissions": permissions])
        guard answer.status == 200 else { throw UnexpectedAnswer(answer: answer) }
    }

    @Test func `imports and creations that race share the last place`() async throws {
        let customer = try await Customer(try Installation())
        try await overrides(customer, ["max_mocks": 1])
        let path = "/workspaces/\(customer.workspace)/mocks"
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<6 {
                group.addTask {
                    number % 2 == 0
                        ? try await customer.importText(Description.text(title: "I\(number)")).status
                        : try await customer.send(.post, path, json: ["name": .string("M\(number)")]).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 201 }.count == 1)
        #expect(try await customer.send(.get, path).json["total"] == 1)
    }

    @Test func `an import over the mocks or the storage is refused with limit, current and plan`() async throws {
        let customer = try await Customer(try Installation(), plan: "free")
        try await overrides(customer, ["max_mocks": 0])
        let mocks = try await customer.importText()
        #expect(mocks.status == 403)
        #expect(mocks.json["quota"] == "max_mocks")
        #expect(mocks.json["limit"] == 0)
        #expect(mocks.json["current"] == 0)
        #expect(mocks.json["plan"] == "free")
        try await overrides(customer, ["max_mocks": .null, "max_storage_mb": 0])
        let storage = try await customer.importText()
        #expect(storage.status == 403)
        #expect(storage.json["quota"] == "max_storage_mb")
        #expect(storage.json["plan"] == "free")
    }

    @Test func `a large route is refused where the storage is full, whether new or changed`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        let route = try await customer.makeRoute(in: mock)
        let large: JSON = [
            "method": "GET", "path": "/large",
            "responses": [["body": .string(String(repeating: "x", count: 3 << 20))]],
        ]
        try await overrides(customer, ["max_storage_mb": 2])
        #expect(try await customer.send(.post, "/mocks/\(mock)/routes", json: large).json["quota"] == "max_storage_mb")
        let change: JSON = ["responses": large["responses"] ?? .null]
        let changed = try await customer.send(
            .patch, "/mocks/\(mock)/routes/\(route)", json: change, type: "application/merge-patch+json")
        #expect(changed.status == 403)
        #expect(changed.json["limit"] == 2)
    }

    @Test func `what is stored counts by its bytes, and what is removed counts no more`() async throws {
        let customer = try await Customer(try Installation())
        let before = try await used(customer)
        let padding = "# " + String(repeating: "x", count: 3 << 20)
        let answer = try await customer.importText(Description.text() + "\n" + padding)
        #expect(answer.status == 201)
        let after = try await used(customer)
        #expect(after >= before + 3 && after <= before + 5)
        let mock = try #require(answer.json["mock_id"]?.string)
        #expect(try await customer.send(.delete, "/workspaces/\(customer.workspace)/mocks/\(mock)").status == 204)
        #expect(try await used(customer) <= before + 1)
    }

    private func used(_ customer: Customer) async throws -> Int {
        let answer = try await customer.send(.get, "/usage")
        return answer.json["quotas"]?["max_storage_mb"]?["used"]?.integer ?? -1
    }

    @Test func `an export without the permission is refused with the plan that grants it`() async throws {
        let customer = try await Customer(try Installation())
        try await overrides(customer, [:], permissions: ["can_export_data": false])
        let answer = try await customer.send(.get, "/workspaces/\(customer.workspace)/export")
        #expect(answer.status == 403)
        #expect(answer.code == "permission_missing")
        #expect(answer.json["permission"] == "can_export_data")
        #expect(answer.json["plan"] == "free")
    }

    @Test func `with the operator's switch on report a workspace over the plan is made, and named`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation, plan: "free")
        #expect(try await installation.send(.get, "/v1/system/enforcement").json["mode"] == "enforce")
        let set = try await installation.send(.patch, "/v1/system/enforcement", json: ["mode": "report"])
        #expect(set.status == 200)
        #expect(set.json["mode"] == "report")
        _ = try await customer.send(.post, "/workspaces", json: ["name": "Second"])
        let third = try await customer.send(.post, "/workspaces", json: ["name": "Third"])
        #expect(third.status == 201)
        #expect(third.headers[HTTPField.Name("MockForge-Would-Refuse")!] == "max_workspaces")
        _ = try await installation.send(.patch, "/v1/system/enforcement", json: ["mode": "enforce"])
        #expect(try await customer.send(.post, "/workspaces", json: ["name": "Fourth"]).status == 403)
        let audit = try await installation.send(.get, "/v1/audit-log?action=system.enforcement")
        #expect(audit.json["total"] == 2)
    }

    /// Who asks for everything at once that is refused hears of the first reason, and of the next when that one is gone.
    @Test func `refusals come in the order tenant, rate, counts, storage, permission`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation)
        try await overrides(
            customer, ["max_workspaces": 1, "max_mocks": 0, "max_users": 0, "max_storage_mb": 0],
            permissions: ["can_export_data": false])
        let exports = "/workspaces/\(customer.workspace)/exports"
        let asked: [(path: String, body: JSON?)] = [
            ("/workspaces", ["name": "Second"]), ("/members", ["email": "a@example.com", "role": "viewer"]),
            ("/workspaces/\(customer.workspace)/mocks", ["name": "M"]), (exports, nil),
        ]
        func ask() async throws -> [Answer] {
            var answers: [Answer] = []
            for (path, body) in asked { answers.append(try await customer.send(.post, path, json: body)) }
            return answers + [try await customer.importText()]
        }
        func setStatus(_ status: String) async throws {
            _ = try await installation.send(
                .patch, "/v1/tenants/\(customer.tenant)", json: ["status": .string(status)])
        }
        let plans = installation.platform.plans.plans
        let professional = Entitlements(plan: try #require(plans.first { $0.name == "professional" }))
        for _ in 0..<10_000 {
            try installation.platform.rates.admit(
                customer.tenant, professional,
                at: installation.clock.now)
        }
        try await setStatus("suspended")
        #expect(try await ask().allSatisfy { $0.status == 403 && $0.code == "tenant_suspended" })
        try await setStatus("active")
        for answer in try await ask() {
            #expect(answer.status == 429 && answer.code == "rate_limited")
            #expect(answer.json["limit"] == 10_000)
            #expect(answer.headers[HTTPField.Name("RateLimit-Remaining")!] == "0")
            #expect(answer.headers[.retryAfter].flatMap { Int($0) }.map { (1...61).contains($0) } == true)
        }
        installation.clock.advance(.seconds(61))
        let counts = try await ask()
        #expect(
            counts.map { $0.json["quota"]?.string } == [
                "max_workspaces", "max_users", "max_mocks", "max_storage_mb", "max_mocks",
            ])
        #expect(counts.allSatisfy { $0.status == 403 })
        try await overrides(customer, ["max_workspaces": .null, "max_mocks": .null, "max_users": .null])
        let storage = try await ask()
        #expect(storage.map(\.status) == [201, 201, 201, 403, 403])
        #expect(storage.suffix(2).allSatisfy { $0.json["quota"] == "max_storage_mb" })
        try await overrides(customer, ["max_storage_mb": .null])
        let refused = try await customer.send(.post, exports)
        #expect(refused.status == 403 && refused.code == "permission_missing")
        try await overrides(customer, [:], permissions: ["can_export_data": true])
        #expect(try await customer.send(.post, exports).status == 201)
    }

    @Test
    func
        `a tenant that calls the API too often is refused alone, and one without mock traffic still reaches its account`()
        async throws
    {
        let installation = try Installation()
        let (busy, quiet) = (try await Customer(installation), try await Customer(installation, "quiet"))
        try await overrides(busy, ["max_requests_per_minute": 0])
        var statuses: [Int] = []
        for _ in 0..<ManagementRates.least + 1 { statuses.append(try await busy.send(.get, "/tenant").status) }
        #expect(statuses == Array(repeating: 200, count: ManagementRates.least) + [429])
        #expect(try await quiet.send(.get, "/tenant").status == 200)
        _ = try await installation.send(.patch, "/v1/system/enforcement", json: ["mode": "report"])
        #expect(try await busy.send(.get, "/tenant").status == 200)
    }

    @Test func `the switch takes two words and nothing else`() async throws {
        let answer = try await Installation().send(.patch, "/v1/system/enforcement", json: ["mode": "off", "x": 1])
        #expect(answer.status == 422)
        #expect(answer.json["errors"]?.array?.count == 2)
    }
}
