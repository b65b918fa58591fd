import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

@Suite struct MemberTests {
    @Test func `a tenant begins with its administrator as the owner`() async throws {
        let customer = try await Customer(try Installation())
        let list = try await customer.send(.get, "/members")
        #expect(list.json["total"] == 1)
        let owner = try #require(list.json["data"]?[0])
        #expect(owner["email"] == "admin@acme.com")
        #expect(owner["name"] == "John Doe")
        #expect(owner["role"] == "owner")
        #expect(owner["status"] == "invited")
    }

    @Test func `a tenant from before there were members gets its owner when somebody asks`() async throws {
        let customer = try await Customer(try Installation())
        try await customer.installation.database.write(.tenant(customer.tenant)) { sql in
            _ = try sql.execute("DELETE FROM members", [])
        }
        customer.installation.clock.advance(.seconds(60))
        _ = try await customer.makeMember("second@acme.com")
        let list = try await customer.send(.get, "/members")
        #expect(list.json["data"]?.array?.map { $0["email"] } == ["admin@acme.com", "second@acme.com"])
        #expect(list.json["data"]?[0]?["role"] == "owner")
    }

    @Test func `a new member has the fields of the contract and is the least that it can be`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(.post, "/members", json: ["email": "Jane.Roe@Acme.com"])
        #expect(answer.status == 201)
        #expect(
            answer.json.object?.keys == [
                "id", "email", "name", "role", "status", "created_at", "updated_at", "last_sign_in_at",
            ])
        #expect(answer.json["email"] == "jane.roe@acme.com")
        #expect(answer.json["role"] == "viewer")
        #expect(answer.json["status"] == "invited")
        #expect(answer.json["last_sign_in_at"] == .null)
        let id = try #require(answer.json["id"]?.string)
        #expect(id.hasPrefix("mem_"))
        #expect(answer.headers[.location] == "/api/v1/members/\(id)")
        let shown = try await customer.send(.get, "/members/\(id)")
        #expect(shown.json == answer.json)
        #expect(shown.headers[.eTag] == answer.headers[.eTag])
    }

    @Test func `every violation of a new member is listed, and none is made`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(
            .post, "/members", json: ["email": "nobody", "name": "\u{7}", "role": "boss", "age": 3])
        #expect(answer.status == 422)
        #expect(Set(answer.pointers) == ["/email", "/name", "/role", "/age"])
        #expect(try await customer.send(.get, "/members").json["total"] == 1)
    }

    @Test func `an email in another case is the same email`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(.post, "/members", json: ["email": "ADMIN@acme.com"])
        #expect(answer.status == 409)
        #expect(answer.code == "email_taken")
        #expect(answer.pointers == ["/email"])
    }

    @Test func `two tenants may have a member with one email`() async throws {
        let installation = try Installation()
        for subdomain in ["one", "two"] {
            _ = try await Customer(installation, subdomain).makeMember("jane@example.com")
        }
    }

    @Test func `a patch changes name and role, and null takes the name away`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await customer.makeMember("jane@acme.com")
        let path = "/members/\(made.id)"
        let named = try await customer.send(.patch, path, json: ["name": "Jane", "role": "editor"])
        #expect(named.status == 200)
        #expect(named.json["name"] == "Jane")
        #expect(named.json["role"] == "editor")
        #expect(try await customer.send(.patch, path, json: ["name": nil]).json["name"] == "")
        #expect(try await customer.send(.patch, path, json: ["role": nil, "email": "x@y.z"]).pointers.count == 2)
        let tag = try #require(named.headers[.eTag])
        let late = try await customer.send(.patch, path, json: ["name": "Late"], headers: ["If-Match": tag])
        #expect(late.status == 412)
    }

    @Test func `the last owner stays one, whether changed or removed`() async throws {
        let customer = try await Customer(try Installation())
        let owner = try #require(try await customer.send(.get, "/members").json["data"]?[0]?["id"]?.string)
        let demoted = try await customer.send(.patch, "/members/\(owner)", json: ["role": "admin"])
        #expect(demoted.status == 409)
        #expect(demoted.code == "last_owner")
        let removed = try await customer.send(.delete, "/members/\(owner)")
        #expect(removed.status == 409)
        #expect(removed.code == "last_owner")
        _ = try await customer.makeMember("second@acme.com", role: "owner")
        #expect(try await customer.send(.delete, "/members/\(owner)").status == 204)
        #expect(try await customer.send(.get, "/members/\(owner)").status == 404)
    }

    @Test func `of two removals at once of the last two owners, one is refused`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.makeMember("second@acme.com", role: "owner")
        let owners =
            try await customer.send(.get, "/members").json["data"]?.array?.compactMap { $0["id"]?.string } ?? []
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for id in owners { group.addTask { try await customer.send(.delete, "/members/\(id)").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.sorted() == [204, 409])
    }

    @Test func `one more than the plan allows is refused with limit, current and the plan that helps`() async throws {
        let customer = try await Customer(try Installation(), plan: "free")
        _ = try await customer.makeMember("second@acme.com")
        let answer = try await customer.send(.post, "/members", json: ["email": "third@acme.com"])
        #expect(answer.status == 403)
        #expect(answer.code == "quota_exceeded")
        #expect(answer.json["quota"] == "max_users")
        #expect(answer.json["limit"] == 2)
        #expect(answer.json["current"] == 2)
        #expect(answer.json["plan"] == "professional")
        let usage = try await customer.send(.get, "/usage")
        #expect(usage.json["quotas"]?["max_users"] == ["limit": 2, "used": 2, "left": 0])
    }

    @Test func `of 50 new members at once where one place is left, exactly one is made`() async throws {
        let customer = try await Customer(try Installation(), plan: "free")
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await customer.send(.post, "/members", json: ["email": .string("m\(number)@acme.com")]).status
                }
            }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [201: 1, 403: 49])
        #expect(try await customer.send(.get, "/members").json["total"] == 2)
    }

    @Test func `a repeated request makes one member`() async throws {
        let customer = try await Customer(try Installation())
        let body: JSON = ["email": "jane@acme.com"]
        let first = try await customer.send(.post, "/members", json: body, headers: ["Idempotency-Key": "m-1"])
        let second = try await customer.send(.post, "/members", json: body, headers: ["Idempotency-Key": "m-1"])
        #expect(first.status == 201)
        #expect(second.json == first.json)
        #expect(second.headers[.idempotencyReplayed] == "true")
    }

    @Test func `the audit log tells who made, changed and removed a member`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await customer.makeMember("jane@acme.com")
        customer.installation.clock.advance(.seconds(1))
        _ = try await customer.send(.patch, "/members/\(made.id)", json: ["role": "admin"])
        customer.installation.clock.advance(.seconds(1))
        _ = try await customer.send(.delete, "/members/\(made.id)")
        let log = try await customer.send(.get, "/audit-log?target=\(made.id)")
        #expect(
            log.json["data"]?.array?.map { $0["action"] } == ["member.delete", "member.update", "member.create"])
        #expect(log.json["data"]?[1]?["detail"]?["role"] == ["from": "viewer", "to": "admin"])
    }
}
