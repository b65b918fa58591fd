import Domain
import HTTPTypes
import JSON
import Testing

@testable import ControlPlane

/// Walks the endpoint table, so that an endpoint added tomorrow is tested today.
struct WholeSurfaceTests {
    private static let endpoints = ControlPlane.endpoints()

    /// The table's entry with the parameters of its path filled in.
    private func path(_ endpoint: Endpoint, _ values: [String: String]) throws -> String {
        var path = endpoint.isVersioned ? "/api/v1" : ""
        for segment in endpoint.path.segments {
            switch segment {
            case .literal(let text): path += "/" + text
            case .parameter(let name): path += "/" + (try #require(values[name], "no value for {\(name)}"))
            }
        }
        return path
    }

    /// Ids of the right form that nothing has.
    private static let unknown = [
        "tenant_id": "a000000000", "key_id": "key_0000000000000000", "workspace_id": "ws_0000000000000000",
        "mock_id": "mock_0000000000000000", "route_id": "route_0000000000000000",
        "request_id": "req_0000000000000000", "member_id": "mem_0000000000000000",
        "backup_id": "none", "operation_id": "op_0000000000000000", "mail_id": "mail_0000000000000000",
        "asset_id": "asset_0000000000000000",
        "export_id": "export_0000000000000000",
    ]

    private func send(
        _ installation: Installation, _ endpoint: Endpoint, _ values: [String: String] = Self.unknown, token: String?
    ) async throws -> Answer {
        let type = endpoint.body.mediaTypes.first ?? "application/json"
        return try await installation.send(
            endpoint.method, try path(endpoint, values), token: token, text: endpoint.body.isRequired ? "{}" : nil,
            type: type)
    }

    // MARK: - Who may call

    @Test func `without credentials, or with made-up ones, no endpoint but the open ones answers`() async throws {
        let installation = try Installation()
        let madeUp = APIKeySecret(from: .system).text
        for endpoint in Self.endpoints {
            if case .anyone = endpoint.handler { continue }
            for token in [nil, "nonsense", madeUp] {
                let answer = try await send(installation, endpoint, token: token)
                #expect([401, 429].contains(answer.status), "\(endpoint.method) \(endpoint.path.text)")
            }
            installation.clock.advance(.seconds(61))
        }
    }

    @Test func `a revoked key opens no endpoint`() async throws {
        let installation = try Installation()
        let tenant = try await installation.makeTenant()
        let key = try await installation.makeKey(tenant.id, scope: "admin")
        _ = try await installation.send(.get, "/v1/tenant", token: key.key)
        _ = try await installation.send(.delete, "/v1/api-keys/\(key.id)", token: tenant.key)
        for endpoint in Self.endpoints {
            if case .anyone = endpoint.handler { continue }
            let answer = try await send(installation, endpoint, token: key.key)
            #expect(answer.status == 401, "\(endpoint.method) \(endpoint.path.text)")
            installation.clock.advance(.seconds(61))
        }
    }

    @Test func `a lesser scope opens no endpoint that needs a greater one`() async throws {
        let installation = try Installation()
        let tenant = try await installation.makeTenant()
        for scope in Scope.allCases {
            let key = try await installation.makeKey(tenant.id, scope: scope.rawValue).key
            for endpoint in Self.endpoints {
                guard let needed = endpoint.tenantScope, scope < needed else { continue }
                let answer = try await send(installation, endpoint, token: key)
                #expect(answer.status == 403, "\(endpoint.method) \(endpoint.path.text)")
                #expect(answer.code == "insufficient_scope", "\(endpoint.method) \(endpoint.path.text)")
            }
        }
    }

    @Test func `a member's session opens what the role says, and a removed member's nothing`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation)
        for role in MemberRole.allCases {
            let member = try await customer.signIn(role: role.rawValue)
            for endpoint in Self.endpoints where endpoint.path.text != "/session" {
                let answer = try await send(installation, endpoint, token: member.token)
                let name = "\(endpoint.method) \(endpoint.path.text) as \(role)"
                switch endpoint.handler {
                case .anyone: continue
                case .admin: #expect(answer.code == "admin_required", "\(name)")
                case .tenant(let needed, _), .both(_, let needed, _):
                    #expect((answer.code == "insufficient_scope") == (role.scope < needed), "\(name)")
                    #expect(answer.status != 401, "\(name)")
                }
            }
            #expect(try await customer.send(.delete, "/members/\(member.id)").status == 204)
            for endpoint in Self.endpoints {
                if case .anyone = endpoint.handler { continue }
                let answer = try await send(installation, endpoint, token: member.token)
                #expect(answer.status == 401, "\(endpoint.method) \(endpoint.path.text) as \(role), removed")
                installation.clock.advance(.seconds(61))
            }
        }
    }

    @Test func `a tenant's key opens no endpoint of the administrator, nor the other way round`() async throws {
        let installation = try Installation()
        let tenant = try await installation.makeTenant()
        for endpoint in Self.endpoints {
            switch endpoint.handler {
            case .admin:
                var values = Self.unknown
                values["tenant_id"] = tenant.id
                let answer = try await send(installation, endpoint, values, token: tenant.key)
                #expect(answer.code == "admin_required", "\(endpoint.method) \(endpoint.path.text)")
                #expect(answer.status == 403)
            case .tenant:
                let answer = try await send(installation, endpoint, token: Installation.adminToken)
                #expect(answer.code == "tenant_key_required", "\(endpoint.method) \(endpoint.path.text)")
                #expect(answer.status == 403)
            case .both, .anyone: break
            }
        }
    }

    @Test func `a suspended tenant reads its own account and nothing else`() async throws {
        let installation = try Installation()
        let tenant = try await installation.makeTenant()
        _ = try await installation.send(.patch, "/v1/tenants/\(tenant.id)", json: ["status": "suspended"])
        var open: [String] = []
        for endpoint in Self.endpoints where endpoint.tenantScope != nil {
            // A member may sign out; a key has no session.
            if endpoint.path.text == "/session" { continue }
            let answer = try await send(installation, endpoint, token: tenant.key)
            if answer.code != "tenant_suspended" {
                open.append("\(endpoint.method) \(endpoint.path.text)")
                #expect(answer.status == 200)
            }
        }
        #expect(Set(open).subtracting(["GET /usage"]) == ["GET /tenant", "GET /api-keys", "GET /audit-log"])
    }

    // MARK: - Whose it is

    @Test func `another tenant's object answers as an unknown one, to the letter`() async throws {
        let installation = try Installation()
        let mine = try await installation.makeTenant("mine")
        let other = try await installation.makeTenant("other")
        var theirs = Self.unknown
        theirs["key_id"] = try await installation.makeKey(other.id, scope: "read").id
        let customer = try await Customer(installation, "third")
        let mock = try await customer.makeMock()
        theirs["workspace_id"] = customer.workspace.text
        theirs["mock_id"] = mock
        theirs["member_id"] = try await customer.makeMember("someone@example.com").id
        theirs["route_id"] = try await customer.makeRoute(in: mock)
        let asset = try await customer.send(
            .post, "/workspaces/\(customer.workspace)/assets?name=logo", text: "x", type: "text/plain")
        theirs["asset_id"] = asset.json["id"]?.string
        let export = try await customer.send(.post, "/workspaces/\(customer.workspace)/exports")
        theirs["export_id"] = export.json["id"]?.string
        for endpoint in Self.endpoints where endpoint.tenantScope != nil {
            let parameters = endpoint.path.segments.compactMap {
                if case .parameter(let name) = $0 { name } else { nil }
            }
            if parameters.isEmpty { continue }
            let unknown = try await send(installation, endpoint, token: mine.key)
            let foreign = try await send(installation, endpoint, theirs, token: mine.key)
            #expect(foreign.comparableProblem == unknown.comparableProblem, "\(endpoint.method) \(endpoint.path.text)")
            #expect(foreign.status == unknown.status)
            #expect(foreign.status >= 400, "\(endpoint.method) \(endpoint.path.text)")
        }
        // Under an administrator's path, a key of another tenant is unknown too.
        let crossed = try await installation.send(
            .delete, "/v1/tenants/\(mine.id)/api-keys/\(theirs["key_id"] ?? "")")
        #expect(crossed.status == 404)
    }
}

extension Endpoint {
    /// The scope that a tenant's key needs; nil when no tenant may call.
    fileprivate var tenantScope: Scope? {
        switch handler {
        case .tenant(let scope, _), .both(_, let scope, _): scope
        case .anyone, .admin: nil
        }
    }
}
