import Domain
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Persistence
import Synchronization
import Testing

@testable import ControlPlane

struct RequestTests {
    private func customer(_ entries: [JournalEntry]) async throws -> Customer {
        let customer = try await Customer(try Installation())
        for entry in entries {
            customer.installation.journal.append(entry, tenant: customer.tenant, workspace: customer.workspace)
        }
        return customer
    }

    private func ids(_ answer: Answer) -> [String] { answer.json["data"]?.array?.compactMap { $0["id"]?.string } ?? [] }

    @Test func `an entry has the fields of the contract`() async throws {
        let customer = try await customer([.sample(1)])
        let entry = try await customer.send(.get, "/workspaces/\(customer.workspace)/requests").json["data"]?[0]
        let keys = Set(entry?.object?.keys ?? [])
        #expect(
            keys.isSuperset(of: [
                "id", "received_at", "method", "host", "path", "query", "headers", "body", "body_truncated", "status",
                "matched", "mock_id", "route_id", "duration_ms", "near_misses",
            ]))
        #expect(entry?["duration_ms"] == 1.5)
        #expect(entry?["matched"] == true)
    }

    @Test func `the journal is read newest first, part by part`() async throws {
        let customer = try await customer((1...5).map { .sample($0) })
        let path = "/workspaces/\(customer.workspace)/requests"
        let first = try await customer.send(.get, path + "?limit=3")
        #expect(ids(first) == [5, 4, 3].map { JournalEntry.sample($0).id.text })
        let cursor = try #require(first.json["next_cursor"]?.string)
        let second = try await customer.send(.get, path + "?limit=3&cursor=\(cursor)")
        #expect(ids(second) == [2, 1].map { JournalEntry.sample($0).id.text })
        #expect(second.json["next_cursor"]?.isNull == true)
    }

    @Test(arguments: [
        ("method=post", [2]), ("path=/users/{id}", [1, 2]), ("path=/orders/**", [3]), ("status=404", [3]),
        ("status=2xx", [1, 2]), ("matched=false", [3]), ("mock_id=mock_0000000000000001", [1, 2]),
        ("since=2027-01-15T08:00:02Z", [2, 3]), ("until=2027-01-15T08:00:02Z", [1]),
    ])
    func `the journal is filtered`(query: String, expected: [Int]) async throws {
        let start = Timestamp(seconds: 1_800_000_000)
        let customer = try await customer([
            .sample(1, at: start + .seconds(1)), .sample(2, method: "POST", at: start + .seconds(2)),
            .sample(3, path: "/orders/7/items", status: 404, matched: false, at: start + .seconds(3)),
        ])
        let answer = try await customer.send(.get, "/workspaces/\(customer.workspace)/requests?\(query)")
        #expect(ids(answer) == expected.reversed().map { JournalEntry.sample($0).id.text })
    }

    @Test func `every wrong filter is listed`() async throws {
        let customer = try await customer([])
        let answer = try await customer.send(
            .get, "/workspaces/\(customer.workspace)/requests?status=9xx&matched=maybe&since=now&path=users&limit=0")
        #expect(answer.status == 422)
        #expect(
            Set(answer.pointers) == ["query:status", "query:matched", "query:since", "query:path", "query:limit"])
    }

    @Test(
        arguments: [
            (["exactly": 2], true), (["exactly": 1], false), (["at_least": 2], true), (["at_least": 3], false),
            (["at_most": 2], true), (["at_most": 1], false),
        ] as [(JSON, Bool)])
    func `a verification counts what matches and compares`(expected: JSON, isVerified: Bool) async throws {
        let customer = try await customer([
            .sample(1, method: "POST", body: "{\"name\": \"Rex\"}"),
            .sample(2, method: "POST", body: "{\"name\": \"Rex\", \"age\": 3}"),
            .sample(3, method: "POST", body: "{\"name\": \"Tom\"}"), .sample(4),
        ])
        let answer = try await customer.send(
            .post, "/workspaces/\(customer.workspace)/requests/verify",
            json: [
                "method": "post", "path": "/users/{id}", "match": ["body": ["includes": ["name": "Rex"]]],
                "expected": expected,
            ])
        #expect(answer.status == 200)
        #expect(answer.json == ["verified": .bool(isVerified), "count": 2])
    }

    @Test(
        arguments: [
            [:], ["expected": [:]], ["expected": ["exactly": 1, "at_most": 2]], ["expected": ["exactly": -1]],
            ["expected": ["exactly": 1], "path": "users"], ["expected": ["exactly": 1], "since": "yesterday"],
            ["expected": ["exactly": 1], "match": ["body": ["matches": "("]]],
            ["expected": ["exactly": 1], "colour": 1],
        ] as [JSON])
    func `a verification that cannot be understood is refused`(body: JSON) async throws {
        let customer = try await customer([])
        let answer = try await customer.send(
            .post, "/workspaces/\(customer.workspace)/requests/verify", json: body)
        #expect(answer.status == 422)
        #expect(answer.pointers.count == 1)
    }

    @Test func `the journal can be emptied`() async throws {
        let customer = try await customer([.sample(1)])
        let path = "/workspaces/\(customer.workspace)/requests"
        #expect(try await customer.send(.delete, path).status == 204)
        #expect(ids(try await customer.send(.get, path)).isEmpty)
    }

    @Test func `a stream sends the entries that pass its filter as events and gives its place back`() async throws {
        let (entries, source) = AsyncStream<JournalEntry>.makeStream()
        source.yield(.sample(1))
        source.yield(.sample(2, method: "POST"))
        source.finish()
        let places = OpenStreams()
        let tenant = try #require(TenantID("a000000000"))
        let held = (1..<OpenStreams.limit).map { _ in places.take(tenant) }
        let place = try #require(places.take(tenant))
        #expect(places.take(tenant) == nil)
        let filter = JournalFilter(QueryParameters("method=POST", known: ["method"]), Violations())
        let collected = CollectedText()
        try await EventStream.body(entries, filter, place).write(collected)
        #expect(collected.text.contains("event: request\nid: req_0000000000000002\ndata: {"))
        #expect(!collected.text.contains("req_0000000000000001"))
        #expect(places.take(tenant) != nil)
        #expect(held.allSatisfy { $0 != nil })
    }

    @Test func `a tenant may watch only so many streams, and others are not touched by it`() async throws {
        let customer = try await customer([])
        let streams = customer.installation.platform.openStreams
        let held = (0..<OpenStreams.limit).map { _ in streams.take(customer.tenant) }
        let answer = try await customer.send(.get, "/workspaces/\(customer.workspace)/requests/stream")
        #expect(answer.status == 429)
        #expect(answer.code == "too_many_streams")
        #expect(streams.take(try #require(TenantID("a000000000"))) != nil)
        #expect(held.allSatisfy { $0 != nil })
    }
}

/// Keeps what a response body writes.
private final class CollectedText: ResponseBodyWriter, Sendable {
    private let state = Mutex("")
    var text: String { state.withLock { $0 } }
    func write(_ buffer: ByteBuffer) async throws { state.withLock { $0 += String(buffer: buffer) } }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
