import Domain
import HTTPTypes
import JSON
import Testing

@testable import ControlPlane

/// What holds for every endpoint, shown on one.
struct KernelTests {
    private let installation: Installation

    init() throws { installation = try Installation() }

    @Test(arguments: ["/v1/tenants", "/api/v1/tenants"])
    func `both spellings of the base address answer`(path: String) async throws {
        #expect(try await installation.send(.get, path).status == 200)
    }

    @Test func `an unknown path is a problem without asking for credentials`() async throws {
        let answer = try await installation.send(.get, "/v1/nothing", token: nil)
        #expect(answer.status == 404)
        #expect(answer.code == "unknown_path")
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect(
            answer.json.object?.keys == [
                "type", "title", "status", "detail", "instance", "request_id", "code", "errors",
            ])
        #expect(answer.json["instance"] == "/v1/nothing")
    }

    @Test func `a wrong method names the right ones`() async throws {
        let answer = try await installation.send(.put, "/v1/tenants")
        #expect(answer.status == 405)
        #expect(answer.headers[.allow] == "GET, HEAD, POST")
        let options = try await installation.send(.options, "/v1/tenants", token: nil)
        #expect(options.status == 204)
        #expect(options.headers[.allow] == "GET, HEAD, POST")
    }

    @Test func `HEAD answers as GET without the body`() async throws {
        let answer = try await installation.send(.head, "/v1/plans")
        #expect(answer.status == 200)
        #expect(answer.text.isEmpty)
        let length = try await installation.send(.get, "/v1/plans").text.utf8.count
        #expect(answer.headers[.contentLength] == "\(length)")
    }

    @Test func `a request id is taken over or made`() async throws {
        let given = try await installation.send(.get, "/v1/plans", headers: ["X-Request-Id": "a-1_B.2"])
        #expect(given.headers[.xRequestID] == "a-1_B.2")
        let refused = try await installation.send(.get, "/v1/nothing", headers: ["X-Request-Id": "a b"])
        #expect(refused.headers[.xRequestID] != "a b")
        #expect(refused.json["request_id"] == .string(refused.headers[.xRequestID] ?? ""))
    }

    @Test func `every answer forbids sniffing`() async throws {
        #expect(try await installation.send(.get, "/v1/plans").headers[.xContentTypeOptions] == "nosniff")
        #expect(try await installation.send(.get, "/v1/nothing").headers[.xContentTypeOptions] == "nosniff")
    }

    @Test func `a body of another media type is refused with the right ones`() async throws {
        let post = try await installation.send(
            .post, "/v1/tenants", text: "a=b", type: "application/x-www-form-urlencoded")
        #expect(post.status == 415)
        #expect(post.headers[.accept] == "application/json")
        let tenant = try await installation.makeTenant()
        let patch = try await installation.send(
            .patch, "/v1/tenants/\(tenant.id)", text: "{}", type: "application/json-patch+json")
        #expect(patch.status == 415)
        let parameter = try await installation.send(
            .patch, "/v1/tenants/\(tenant.id)", text: "{}", type: "Application/JSON; charset=utf-8")
        #expect(parameter.status == 200)
    }

    @Test func `a body over the limit is refused whether or not its length is announced`() async throws {
        let text = "\"" + String(repeating: "x", count: 1 << 20) + "\""
        let answer = try await installation.send(.post, "/v1/tenants", text: text)
        #expect(answer.status == 413)
        #expect(answer.code == "body_too_large")
    }

    @Test func `a body that is no JSON is refused with the place of the mistake`() async throws {
        let answer = try await installation.send(.post, "/v1/tenants", text: "{\"name\": }")
        #expect(answer.status == 400)
        #expect(answer.code == "malformed_json")
        #expect(answer.json["detail"]?.string?.contains("line 1, column 10") == true)
        let empty = try await installation.send(.post, "/v1/tenants")
        #expect(empty.status == 400)
        #expect(empty.code == "body_required")
        #expect(try await installation.send(.post, "/v1/tenants", json: [1, 2]).status == 422)
    }

    @Test func `unknown and doubled query parameters are refused by name`() async throws {
        let answer = try await installation.send(.get, "/v1/tenants?limt=3&page=1&page=2")
        #expect(answer.status == 422)
        #expect(answer.pointers == ["query:limt", "query:page"])
        #expect(try await installation.send(.get, "/v1/plans?x=1").status == 422)
    }

    // MARK: - Idempotency

    @Test func `one key for two different requests is refused`() async throws {
        let headers = ["Idempotency-Key": "same-key-twice"]
        _ = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        let answer = try await installation.send(
            .post, "/v1/tenants", json: Installation.tenantBody("other"), headers: headers)
        #expect(answer.status == 422)
        #expect(answer.code == "idempotency_key_reused")
    }

    @Test(arguments: ["", String(repeating: "x", count: 256), "with a space in it"])
    func `an unfit idempotency key is refused`(key: String) async throws {
        let answer = try await installation.send(
            .post, "/v1/tenants", json: Installation.tenantBody(), headers: ["Idempotency-Key": key])
        #expect(answer.status == 422)
        #expect(answer.pointers == ["header:Idempotency-Key"])
    }

    @Test func `two tenants may use the same idempotency key`() async throws {
        let first = try await installation.makeTenant("first")
        let second = try await installation.makeTenant("second")
        let headers = ["Idempotency-Key": "the-same-for-both"]
        let one = try await installation.send(
            .post, "/v1/api-keys", token: first.key, json: ["name": "a"], headers: headers)
        let two = try await installation.send(
            .post, "/v1/api-keys", token: second.key, json: ["name": "a"], headers: headers)
        #expect(one.status == 201)
        #expect(two.status == 201)
        #expect(one.json["api_key"] != two.json["api_key"])
    }

    @Test func `a refused request is not remembered`() async throws {
        let headers = ["Idempotency-Key": "try-and-try-again"]
        let tenant = try await installation.makeTenant()
        let path = "/v1/tenants/\(tenant.id)/restore"
        #expect(try await installation.send(.post, path, headers: headers).status == 409)
        _ = try await installation.send(.delete, "/v1/tenants/\(tenant.id)")
        #expect(try await installation.send(.post, path, headers: headers).status == 200)
    }

    // MARK: - Audit

    @Test func `each change is in the audit log with who, what and which request`() async throws {
        let tenant = try await installation.makeTenant()
        _ = try await installation.send(
            .patch, "/v1/tenants/\(tenant.id)", json: ["plan": "free"], headers: ["X-Request-Id": "change-1"])
        let log = try await installation.send(.get, "/v1/audit-log?tenant_id=\(tenant.id)&action=tenant.update")
        #expect(log.json["total"] == 1)
        let row = try #require(log.json["data"]?[0])
        #expect(row["actor"] == "admin")
        #expect(row["target"] == .string(tenant.id))
        #expect(row["request_id"] == "change-1")
        #expect(row["detail"] == ["plan": ["from": "professional", "to": "free"]])
    }

    @Test func `a tenant sees its own part of the audit log only`() async throws {
        let first = try await installation.makeTenant("first")
        let second = try await installation.makeTenant("second")
        installation.clock.advance(.seconds(1))
        _ = try await installation.send(.post, "/v1/api-keys", token: second.key, json: ["name": "mine"])
        let log = try await installation.send(.get, "/v1/audit-log", token: second.key)
        #expect(log.json["data"]?.array?.compactMap { $0["action"]?.string } == ["key.create", "tenant.create"])
        #expect(log.json["data"]?[0]?["actor"]?.string?.hasPrefix("key:key_") == true)
        let foreign = try await installation.send(.get, "/v1/audit-log?tenant_id=\(first.id)", token: second.key)
        #expect(foreign.status == 422)
    }

    @Test func `no secret is in the audit log`() async throws {
        let tenant = try await installation.makeTenant()
        let key = try await installation.makeKey(tenant.id, scope: "read")
        let log = try await installation.send(.get, "/v1/audit-log")
        #expect(!log.text.contains(key.key))
        #expect(!log.text.contains("sk_live_"))
    }

    // MARK: - Credentials

    @Test(arguments: ["", "Basic YTpi", "Bearer", "sk_live_x"])
    func `an Authorization header of another form is refused with a challenge`(value: String) async throws {
        let answer = try await installation.send(.get, "/v1/tenant", token: nil, headers: ["Authorization": value])
        #expect(answer.status == 401)
        #expect(answer.headers[.wwwAuthenticate] == "Bearer realm=\"mockforge\"")
    }

    @Test func `failures are slowed down and a client that was good goes on`() async throws {
        let tenant = try await installation.makeTenant()
        _ = try await installation.send(.get, "/v1/tenant", token: tenant.key)
        for _ in 0..<30 {
            #expect(try await installation.send(.get, "/v1/plans", token: "a guess").status == 401)
        }
        let slowed = try await installation.send(.get, "/v1/plans", token: "a guess")
        #expect(slowed.status == 429)
        #expect(slowed.headers[.retryAfter] == "60")
        #expect(try await installation.send(.get, "/v1/tenant", token: tenant.key).status == 200)
        #expect(try await installation.send(.get, "/v1/plans").status == 200)
        installation.clock.advance(.seconds(60))
        #expect(try await installation.send(.get, "/v1/plans", token: "a guess").status == 401)
    }

    @Test func `past its failures an address cannot go on guessing the operator's token`() async throws {
        for _ in 0..<30 { _ = try await installation.send(.get, "/v1/plans", token: "a guess") }
        // Even the right one is refused unseen, so that the answer tells a guesser nothing.
        #expect(try await installation.send(.get, "/v1/plans").status == 429)
    }

    @Test func `a fresh valid key passes whatever others at its address have failed at`() async throws {
        let tenant = try await installation.makeTenant()
        let fresh = try await installation.makeKey(tenant.id, scope: "read").key
        let stranger = APIKeySecret(from: Surroundings.system).text
        for _ in 0..<30 {
            _ = try await installation.send(.get, "/v1/plans", token: "a guess")
            _ = try await installation.send(.get, "/v1/tenant", token: stranger)
        }
        #expect(try await installation.send(.get, "/v1/tenant", token: stranger).status == 429)
        #expect(try await installation.send(.get, "/v1/tenant", token: fresh).status == 200)
    }

    @Test func `failures with keys do not keep the operator out`() async throws {
        let stranger = APIKeySecret(from: Surroundings.system).text
        for _ in 0..<31 { _ = try await installation.send(.get, "/v1/tenant", token: stranger) }
        #expect(try await installation.send(.get, "/v1/plans").status == 200)
    }

    @Test func `the plans are the configured ones`() async throws {
        let answer = try await installation.send(.get, "/v1/plans")
        #expect(
            answer.json["data"]?.array?.compactMap { $0["name"]?.string } == ["free", "professional", "enterprise"])
        let price: JSON = ["base_price": 49.00, "monthly_cents": 4900, "currency": "usd", "usage_based": true]
        #expect(answer.json["data"]?[1]?["price"] == price)
        #expect(answer.json["data"]?[2]?["quotas"]?["max_mocks"] == -1)
    }

    @Test func `the status counts tenants and says how long the process runs`() async throws {
        _ = try await installation.makeTenant()
        installation.clock.advance(.seconds(90))
        let answer = try await installation.send(.get, "/v1/system/status")
        #expect(answer.json["tenants"]?["active"] == 1)
        #expect(answer.json["tenants"]?["deleted"] == 0)
        #expect(answer.json["uptime_seconds"] == 90)
        #expect(answer.json["version"] == "1.2.3")
    }

    @Test func `health answers anyone on both addresses`() async throws {
        #expect(try await installation.send(.get, "/health", token: nil).json == ["status": "ok"])
        #expect(try await installation.send(.get, "/api/v1/health", token: nil).status == 200)
    }
}
