import Domain
import HTTPTypes
import JSON
import Testing

@testable import ControlPlane

struct APIKeyTests {
    private let installation: Installation

    init() throws { installation = try Installation() }

    @Test func `a new key is shown once and listed without its secret`() async throws {
        let tenant = try await installation.makeTenant()
        let created = try await installation.send(
            .post, "/v1/api-keys", token: tenant.key, json: ["name": "CI", "scope": "read"])
        #expect(created.status == 201)
        #expect(created.headers[.cacheControl] == "no-store")
        let secret = try #require(created.json["api_key"]?.string)
        let list = try await installation.send(.get, "/v1/api-keys", token: tenant.key)
        #expect(list.json["total"] == 2)
        #expect(!list.text.contains(secret))
        #expect(!list.text.contains("hash"))
        let shown = list.json["data"]?.array?.first { $0["name"] == "CI" }
        #expect(shown?["scope"] == "read")
        #expect(shown?["prefix"] == .string(String(secret.prefix(16))))
        #expect(try await installation.send(.get, "/v1/tenant", token: secret).status == 200)
    }

    @Test func `the administrator manages the keys of any tenant`() async throws {
        let tenant = try await installation.makeTenant()
        let path = "/v1/tenants/\(tenant.id)/api-keys"
        let key = try await installation.makeKey(tenant.id, scope: "write")
        #expect(try await installation.send(.get, path).json["total"] == 2)
        #expect(try await installation.send(.delete, "\(path)/\(key.id)").status == 204)
        #expect(try await installation.send(.get, "/v1/tenant", token: key.key).status == 401)
    }

    @Test func `a revoked key stops at once and stays in the list`() async throws {
        let tenant = try await installation.makeTenant()
        let key = try await installation.makeKey(tenant.id, scope: "admin")
        #expect(try await installation.send(.delete, "/v1/api-keys/\(key.id)", token: key.key).status == 204)
        let answer = try await installation.send(.get, "/v1/tenant", token: key.key)
        #expect(answer.status == 401)
        #expect(answer.code == "api_key_revoked")
        #expect(try await installation.send(.delete, "/v1/api-keys/\(key.id)", token: tenant.key).status == 204)
        let list = try await installation.send(.get, "/v1/api-keys", token: tenant.key)
        let shown = list.json["data"]?.array?.first { $0["id"] == .string(key.id) }
        #expect(shown?["revoked_at"] == .string(installation.clock.now.rfc3339))
    }

    @Test func `a key ends when it says`() async throws {
        let tenant = try await installation.makeTenant()
        let end = (installation.clock.now + .seconds(60)).rfc3339
        let created = try await installation.send(
            .post, "/v1/api-keys", token: tenant.key, json: ["name": "short", "expires_at": .string(end)])
        let secret = try #require(created.json["api_key"]?.string)
        #expect(try await installation.send(.get, "/v1/tenant", token: secret).status == 200)
        installation.clock.advance(.seconds(60))
        let answer = try await installation.send(.get, "/v1/tenant", token: secret)
        #expect(answer.status == 401)
        #expect(answer.code == "api_key_expired")
    }

    @Test func `rotation replaces a key at once`() async throws {
        let tenant = try await installation.makeTenant()
        let key = try await installation.makeKey(tenant.id, scope: "read")
        let rotated = try await installation.send(.post, "/v1/api-keys/\(key.id)/rotate", token: tenant.key)
        #expect(rotated.status == 201)
        #expect(rotated.json["scope"] == "read")
        #expect(rotated.json["name"] == "extra")
        let secret = try #require(rotated.json["api_key"]?.string)
        #expect(try await installation.send(.get, "/v1/tenant", token: secret).status == 200)
        #expect(try await installation.send(.get, "/v1/tenant", token: key.key).status == 401)
    }

    @Test func `rotation with an overlap lets the old key work until it ends`() async throws {
        let tenant = try await installation.makeTenant()
        let key = try await installation.makeKey(tenant.id, scope: "read")
        _ = try await installation.send(
            .post, "/v1/api-keys/\(key.id)/rotate", token: tenant.key, json: ["overlap_seconds": 3600])
        #expect(try await installation.send(.get, "/v1/tenant", token: key.key).status == 200)
        installation.clock.advance(.seconds(3600))
        #expect(try await installation.send(.get, "/v1/tenant", token: key.key).status == 401)
    }

    @Test func `a rotation repeated with its key makes one new key`() async throws {
        let tenant = try await installation.makeTenant()
        let key = try await installation.makeKey(tenant.id, scope: "read")
        let headers = ["Idempotency-Key": "rotate-me-once"]
        let path = "/v1/api-keys/\(key.id)/rotate"
        let first = try await installation.send(.post, path, token: tenant.key, headers: headers)
        let second = try await installation.send(.post, path, token: tenant.key, headers: headers)
        #expect(second.text == first.text)
        #expect(try await installation.send(.get, "/v1/api-keys", token: tenant.key).json["total"] == 3)
    }

    @Test func `a revoked key cannot be rotated`() async throws {
        let tenant = try await installation.makeTenant()
        let key = try await installation.makeKey(tenant.id, scope: "read")
        _ = try await installation.send(.delete, "/v1/api-keys/\(key.id)", token: tenant.key)
        let answer = try await installation.send(.post, "/v1/api-keys/\(key.id)/rotate", token: tenant.key)
        #expect(answer.status == 409)
        #expect(answer.code == "api_key_not_live")
    }

    @Test func `every violation of a new key is listed`() async throws {
        let tenant = try await installation.makeTenant()
        let answer = try await installation.send(
            .post, "/v1/api-keys", token: tenant.key,
            json: ["scope": "root", "expires_at": "2020-01-01T00:00:00Z", "id": "mine"])
        #expect(answer.status == 422)
        #expect(Set(answer.pointers) == ["/name", "/scope", "/expires_at", "/id"])
    }

    @Test func `the number of working keys is limited`() async throws {
        let tenant = try await installation.makeTenant()
        for _ in 1..<100 { _ = try await installation.makeKey(tenant.id, scope: "read") }
        let answer = try await installation.send(.post, "/v1/api-keys", token: tenant.key, json: ["name": "one more"])
        #expect(answer.status == 403)
        #expect(answer.code == "too_many_api_keys")
    }

    @Test func `the last use of a key is written down later and to the minute`() async throws {
        let tenant = try await installation.makeTenant()
        let housekeeping = HousekeepingReconciler(platform: installation.platform, keyUse: installation.plane.keyUse)
        let first = installation.clock.now
        func lastUse() async throws -> JSON? {
            try await installation.send(.get, "/v1/tenants/\(tenant.id)/api-keys").json["data"]?[0]?["last_used_at"]
        }
        _ = try await installation.send(.get, "/v1/tenant", token: tenant.key)
        #expect(try await lastUse() == .null)
        try await housekeeping.reconcile()
        #expect(try await lastUse() == .string(first.rfc3339))
        installation.clock.advance(.seconds(30))
        _ = try await installation.send(.get, "/v1/tenant", token: tenant.key)
        try await housekeeping.reconcile()
        #expect(try await lastUse() == .string(first.rfc3339))
        installation.clock.advance(.seconds(31))
        _ = try await installation.send(.get, "/v1/tenant", token: tenant.key)
        try await housekeeping.reconcile()
        #expect(try await lastUse() == .string(installation.clock.now.rfc3339))
    }
}
