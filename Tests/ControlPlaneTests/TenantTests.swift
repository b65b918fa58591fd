import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

struct TenantTests {
    private let installation: Installation

    init() throws { installation = try Installation() }

    // MARK: - Creation

    @Test func `creating a tenant answers exactly the fields of the contract`() async throws {
        let answer = try await installation.send(.post, "/api/v1/tenants", json: Installation.tenantBody())
        #expect(answer.status == 201)
        #expect(
            answer.json.object?.keys == [
                "tenant_id", "name", "subdomain", "plan", "status", "api_key", "created_at", "quotas", "permissions",
                "urls",
            ])
        #expect(answer.json["status"] == "active")
        #expect(answer.json["created_at"] == .string(installation.clock.now.rfc3339))
        #expect(answer.json["quotas"]?["max_requests_per_minute"] == 10_000)
        #expect(answer.json["permissions"]?["can_use_ai_features"] == true)
        #expect(answer.headers[.cacheControl] == "no-store")
        let id = try #require(answer.json["tenant_id"]?.string)
        #expect(answer.headers[.location] == "/api/v1/tenants/\(id)")
        #expect(
            answer.json["urls"] == [
                "subdomain": "http://acme-corp.localhost:8080",
                "id_subdomain": .string("http://tenant-\(id).localhost:8080"),
                "path": .string("http://localhost:8080/tenant/\(id)"),
                "short_path": .string("http://localhost:8080/t/\(id)"), "api": "http://localhost:8080/api/v1",
            ])
    }

    @Test func `the administrator's name may be left out`() async throws {
        let body = Installation.tenantBody().merging(["admin_name": nil])
        #expect(try await installation.send(.post, "/v1/tenants", json: body).status == 201)
    }

    @Test func `every violation of a new tenant is listed`() async throws {
        let answer = try await installation.send(
            .post, "/v1/tenants",
            json: [
                "name": "  ", "subdomain": "API", "plan": "gold", "admin_email": "nobody", "colour": "red",
                "quotas": ["max_mocks": -2, "max_fun": 1], "permissions": ["can_export_data": "yes"],
            ])
        #expect(answer.status == 422)
        #expect(
            Set(answer.pointers) == [
                "/colour", "/name", "/subdomain", "/plan", "/admin_email", "/quotas/max_mocks", "/quotas/max_fun",
                "/permissions/can_export_data",
            ])
    }

    @Test(arguments: [
        "a@b", "admin@acme.com", "first.last+tag@sub.example.co.uk", "x_y@1-a.example",
    ])
    func `a plausible address is taken`(address: String) { #expect(EmailAddress.isPlausible(address)) }

    @Test(arguments: [
        "", "@", "a@", "@b", "a@b@c", "a b@c.de", ".a@b.de", "a.@b.de", "a..b@c.de", "a@b..de", "a@-b.de", "a@b.de\n",
    ])
    func `an impossible address is refused`(address: String) { #expect(!EmailAddress.isPlausible(address)) }

    @Test func `a taken subdomain is a conflict that says so`() async throws {
        _ = try await installation.makeTenant()
        let answer = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody())
        #expect(answer.status == 409)
        #expect(answer.code == "subdomain_taken")
        #expect(answer.pointers == ["/subdomain"])
    }

    @Test func `overrides of quotas and permissions hold from the start`() async throws {
        let body = Installation.tenantBody().merging([
            "quotas": ["max_mocks": 7, "max_users": -1], "permissions": ["can_export_data": false],
        ])
        let answer = try await installation.send(.post, "/v1/tenants", json: body)
        #expect(answer.json["quotas"]?["max_mocks"] == 7)
        #expect(answer.json["quotas"]?["max_users"] == -1)
        #expect(answer.json["quotas"]?["max_workspaces"] == 100)
        #expect(answer.json["permissions"]?["can_export_data"] == false)
    }

    // MARK: - Reading

    @Test func `a tenant is read by the administrator and by itself alike`() async throws {
        let tenant = try await installation.makeTenant()
        let byAdmin = try await installation.send(.get, "/v1/tenants/\(tenant.id)")
        let byItself = try await installation.send(.get, "/v1/tenant", token: tenant.key)
        #expect(byAdmin.status == 200)
        #expect(byAdmin.text == byItself.text)
        #expect(byAdmin.json["api_key"] == nil)
    }

    @Test(arguments: ["a123456789", "nonsense", "..%2F..", "A123456789"])
    func `an unknown id and a text that is no id answer the same 404`(id: String) async throws {
        let answer = try await installation.send(.get, "/v1/tenants/\(id)")
        #expect(answer.status == 404)
        #expect(answer.code == "not_found")
    }

    @Test func `the list filters, counts and pages`() async throws {
        for name in ["aaa", "bbb", "ccc"] {
            installation.clock.advance(.seconds(1))
            _ = try await installation.makeTenant(name, plan: name == "bbb" ? "free" : "enterprise")
        }
        let page = try await installation.send(.get, "/v1/tenants?page=2&limit=2&status=active")
        #expect(page.json["data"]?.array?.compactMap { $0["subdomain"]?.string } == ["ccc"])
        #expect(page.json["page"] == 2)
        #expect(page.json["limit"] == 2)
        #expect(page.json["total"] == 3)
        let free = try await installation.send(.get, "/v1/tenants?plan=free")
        #expect(free.json["data"]?.array?.compactMap { $0["subdomain"]?.string } == ["bbb"])
    }

    @Test func `a walk by cursor sees every tenant once`() async throws {
        for number in 0..<5 { _ = try await installation.makeTenant("tenant\(number)") }
        var seen: [String] = []
        var cursor: String? = ""
        while let text = cursor {
            let answer = try await installation.send(.get, "/v1/tenants?limit=2&cursor=\(text)")
            seen += answer.json["data"]?.array?.compactMap { $0["subdomain"]?.string } ?? []
            cursor = answer.json["next_cursor"]?.string
        }
        #expect(seen.sorted() == (0..<5).map { "tenant\($0)" })
    }

    @Test func `wrong list parameters are all listed`() async throws {
        let answer = try await installation.send(.get, "/v1/tenants?page=0&limit=101&status=gone&cursor=%21")
        #expect(answer.status == 422)
        #expect(Set(answer.pointers) == ["query:page", "query:limit", "query:status", "query:cursor"])
    }

    // MARK: - Changing

    @Test func `a merge patch changes what it names and null removes an override`() async throws {
        let tenant = try await installation.makeTenant()
        let path = "/v1/tenants/\(tenant.id)"
        let raised = try await installation.send(
            .patch, path, json: ["plan": "free", "quotas": ["max_mocks": 99]], type: "application/merge-patch+json")
        #expect(raised.status == 200)
        #expect(raised.json["plan"] == "free")
        #expect(raised.json["quotas"]?["max_mocks"] == 99)
        #expect(raised.json["name"] == "Acme Corporation")
        let lowered = try await installation.send(.patch, path, json: ["quotas": ["max_mocks": nil]])
        #expect(lowered.json["quotas"]?["max_mocks"] == 20)
    }

    @Test func `a change is announced before it is answered`() async throws {
        let tenant = try await installation.makeTenant()
        let id = try #require(TenantID(tenant.id))
        let before = installation.announcements.published.count
        _ = try await installation.send(.patch, "/v1/tenants/\(id)", json: ["plan": "free"])
        #expect(installation.announcements.published.dropFirst(before) == [.tenantChanged(id)])
    }

    @Test func `a patch that changes nothing keeps the version`() async throws {
        let tenant = try await installation.makeTenant()
        let first = try await installation.send(.get, "/v1/tenants/\(tenant.id)")
        let patched = try await installation.send(.patch, "/v1/tenants/\(tenant.id)", json: ["plan": "professional"])
        #expect(patched.headers[.eTag] == first.headers[.eTag])
    }

    @Test(arguments: [
        ("suspended", "trialing"), ("active", "trialing"), ("suspended", "past_due"), ("active", "deleted"),
    ])
    func `a status that cannot follow is a conflict`(from: String, to: String) async throws {
        let tenant = try await installation.makeTenant()
        _ = try await installation.send(.patch, "/v1/tenants/\(tenant.id)", json: ["status": .string(from)])
        let answer = try await installation.send(.patch, "/v1/tenants/\(tenant.id)", json: ["status": .string(to)])
        #expect(answer.status == 409)
        #expect(answer.code == "invalid_transition")
    }

    @Test func `the subdomain cannot be patched`() async throws {
        let tenant = try await installation.makeTenant()
        let answer = try await installation.send(.patch, "/v1/tenants/\(tenant.id)", json: ["subdomain": "other"])
        #expect(answer.status == 422)
        #expect(answer.pointers == ["/subdomain"])
    }

    @Test func `an If-Match that is out of date refuses the change`() async throws {
        let tenant = try await installation.makeTenant()
        let path = "/v1/tenants/\(tenant.id)"
        let tag = try #require(try await installation.send(.get, path).headers[.eTag])
        let first = try await installation.send(.patch, path, json: ["name": "One"], headers: ["If-Match": tag])
        let second = try await installation.send(.patch, path, json: ["name": "Two"], headers: ["If-Match": tag])
        #expect(first.status == 200)
        #expect(second.status == 412)
        #expect(second.code == "version_mismatch")
    }

    @Test func `an If-None-Match that is up to date saves the body`() async throws {
        let tenant = try await installation.makeTenant()
        let path = "/v1/tenants/\(tenant.id)"
        let tag = try #require(try await installation.send(.get, path).headers[.eTag])
        let answer = try await installation.send(.get, path, headers: ["If-None-Match": "\"other\", W/\(tag)"])
        #expect(answer.status == 304)
        #expect(answer.text.isEmpty)
        #expect(answer.headers[.eTag] == tag)
    }

    @Test func `a tenant renames itself and no more`() async throws {
        let tenant = try await installation.makeTenant()
        let renamed = try await installation.send(.patch, "/v1/tenant", token: tenant.key, json: ["name": "Neu"])
        #expect(renamed.json["name"] == "Neu")
        let richer = try await installation.send(
            .patch, "/v1/tenant", token: tenant.key, json: ["plan": "enterprise", "quotas": [:]])
        #expect(richer.status == 422)
        #expect(Set(richer.pointers) == ["/plan", "/quotas"])
    }

    // MARK: - Deletion

    @Test func `a deleted tenant's key opens nothing and restore brings everything back as it was`() async throws {
        let tenant = try await installation.makeTenant()
        let path = "/v1/tenants/\(tenant.id)"
        _ = try await installation.send(.patch, path, json: ["status": "suspended"])
        let before = try await installation.send(.get, path)
        #expect(try await installation.send(.delete, path).status == 204)
        #expect(try await installation.send(.get, "/v1/tenant", token: tenant.key).status == 401)
        let deleted = try await installation.send(.get, path)
        #expect(deleted.json["status"] == "deleted")
        #expect(deleted.json["purge_at"] == .string((installation.clock.now + .seconds(30 * 86_400)).rfc3339))
        let restored = try await installation.send(.post, "\(path)/restore")
        #expect(restored.status == 200)
        #expect(restored.json == before.json)
        #expect(try await installation.send(.get, "/v1/tenant", token: tenant.key).status == 200)
    }

    @Test func `deleting twice is deleting once`() async throws {
        let tenant = try await installation.makeTenant()
        #expect(try await installation.send(.delete, "/v1/tenants/\(tenant.id)").status == 204)
        #expect(try await installation.send(.delete, "/v1/tenants/\(tenant.id)").status == 204)
        let log = try await installation.send(.get, "/v1/audit-log?action=tenant.delete")
        #expect(log.json["total"] == 1)
    }

    @Test func `a deleted tenant cannot be changed and is listed only when asked for`() async throws {
        let tenant = try await installation.makeTenant()
        _ = try await installation.send(.delete, "/v1/tenants/\(tenant.id)")
        let patched = try await installation.send(.patch, "/v1/tenants/\(tenant.id)", json: ["name": "Ghost"])
        #expect(patched.status == 409)
        #expect(patched.code == "tenant_deleted")
        #expect(try await installation.send(.get, "/v1/tenants").json["total"] == 0)
        #expect(try await installation.send(.get, "/v1/tenants?status=deleted").json["total"] == 1)
    }

    @Test func `only a deleted tenant can be restored or purged`() async throws {
        let tenant = try await installation.makeTenant()
        for verb in ["restore", "purge"] {
            let answer = try await installation.send(.post, "/v1/tenants/\(tenant.id)/\(verb)")
            #expect(answer.status == 409)
            #expect(answer.code == "tenant_not_deleted")
        }
    }

    @Test func `purging removes the schema, the files and the record, and keeps the subdomain for 90 days`()
        async throws
    {
        let tenant = try await installation.makeTenant()
        let id = try #require(TenantID(tenant.id))
        try await installation.objects.put([1], key: "specs/a", tenant: id)
        _ = try await installation.send(.delete, "/v1/tenants/\(id)")
        #expect(try await installation.send(.post, "/v1/tenants/\(id)/purge").status == 204)
        #expect(try await installation.database.schemas().isEmpty)
        #expect(try await installation.objects.tenants().isEmpty)
        #expect(try await installation.send(.get, "/v1/tenants/\(id)").status == 404)
        #expect(try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody()).status == 409)
        installation.clock.advance(.seconds(91 * 86_400))
        #expect(try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody()).status == 201)
    }

    @Test func `a tenant is purged by itself 30 days after its deletion and not before`() async throws {
        let tenant = try await installation.makeTenant()
        _ = try await installation.send(.delete, "/v1/tenants/\(tenant.id)")
        let reconciler = ProvisioningReconciler(platform: installation.platform)
        installation.clock.advance(.seconds(29 * 86_400))
        try await reconciler.reconcile()
        #expect(try await installation.send(.get, "/v1/tenants/\(tenant.id)").status == 200)
        installation.clock.advance(.seconds(86_401))
        try await reconciler.reconcile()
        #expect(try await installation.send(.get, "/v1/tenants/\(tenant.id)").status == 404)
        #expect(try await installation.database.schemas().isEmpty)
        let log = try await installation.send(.get, "/v1/audit-log?action=tenant.purge")
        #expect(log.json["data"]?[0]?["actor"] == "system")
    }
}
