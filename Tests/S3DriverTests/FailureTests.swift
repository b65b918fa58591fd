import Domain
import Logging
import NIOHTTP1
import Persistence
import Synchronization
import TestSupport
import Testing

@testable import S3Driver

/// What the driver does when the store is busy, breaks off or lies.
@Suite struct FailureTests {
    private let acme = TenantID("acme000001")!
    private let pauses = Pauses()

    private final class Pauses: Sendable {
        private let state = Mutex([Duration]())
        var all: [Duration] { state.withLock { $0 } }
        func note(_ pause: Duration) { state.withLock { $0.append(pause) } }
    }

    private func store(_ server: ScriptedStore) throws -> S3ObjectStore {
        let address = try S3Address("s3://a:b@mocks?endpoint=http://127.0.0.1:\(server.port)")
        // A clock that stands still: how long a busy machine takes is no reason to give up.
        return S3ObjectStore(
            address, surroundings: TestSurroundings().surroundings, logger: Logger(label: "test"),
            pause: { [pauses] in pauses.note($0) })
    }

    private func unavailable(_ body: () async throws -> Void) async -> String? {
        let error = await #expect(throws: ObjectStoreError.self) { try await body() }
        guard case .unavailable(let sentence) = error else { return nil }
        return sentence
    }

    @Test(arguments: [500, 502, 503, 504, 429])
    func `a busy store is asked again, each time a little later`(status: Int) async throws {
        let busy = ScriptedStore.Reply.answer(status: status, body: "<Error><Code>SlowDown</Code></Error>")
        let server = try await ScriptedStore([busy, busy, busy, .answer(status: 200)])
        try await store(server).put([1], key: "a", tenant: acme)
        #expect(server.asked.count == 4)
        #expect(server.asked.allSatisfy { $0.body == [1] })
        #expect(pauses.all.count == 3)
        for (number, pause) in pauses.all.enumerated() {
            #expect(pause <= .milliseconds(100 << number) && pause > .zero)
        }
        try await server.stop()
    }

    @Test func `a store that stays busy is unavailable`() async throws {
        let server = try await ScriptedStore([
            .answer(status: 503, body: "<Error><Code>SlowDown</Code><Message>later</Message></Error>")
        ])
        let store = try store(server)
        let sentence = await unavailable { try await store.put([1], key: "a", tenant: acme) }
        #expect(sentence?.contains("answered 503 SlowDown later") == true)
        #expect(server.asked.count == 5)
        try await server.stop()
    }

    @Test func `a connection that ends without an answer is made again`() async throws {
        let server = try await ScriptedStore([.close, .close, .answer(status: 200, body: "hello")])
        #expect(try await store(server).get(key: "a", tenant: acme) == Array("hello".utf8))
        #expect(server.asked.count == 3)
        try await server.stop()
    }

    @Test func `a refusal is not repeated`() async throws {
        let server = try await ScriptedStore([
            .answer(status: 403, body: "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
        ])
        let store = try store(server)
        let error = await #expect(throws: ObjectStoreError.self) { try await store.put([1], key: "a", tenant: acme) }
        guard case .refused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(server.asked.count == 1)
        try await server.stop()
    }

    @Test func `the rest of an object is asked for where the connection broke`() async throws {
        let rest = String(repeating: "b", count: 600)
        let server = try await ScriptedStore([
            .brokenOff(length: 1000, tag: "\"t\"", body: String(repeating: "a", count: 400)),
            .answer(status: 206, headers: [("etag", "\"t\"")], body: rest),
        ])
        let stream = try #require(try await store(server).stream(key: "a", tenant: acme))
        let bytes = try await stream.reduce(into: [UInt8]()) { $0 += $1 }
        #expect(String(decoding: bytes, as: UTF8.self) == String(repeating: "a", count: 400) + rest)
        let again = try #require(server.asked.last)
        #expect(again.headers.first(name: "range") == "bytes=400-")
        #expect(again.headers.first(name: "if-match") == "\"t\"")
        try await server.stop()
    }

    @Test func `an object that was replaced meanwhile does not come as a mixture`() async throws {
        let server = try await ScriptedStore([
            .brokenOff(length: 1000, tag: "\"t\"", body: "aaaa"),
            .answer(status: 412, body: "<Error><Code>PreconditionFailed</Code></Error>"),
        ])
        let stream = try #require(try await store(server).stream(key: "a", tenant: acme))
        await #expect(throws: ObjectStoreError.self) { for try await _ in stream {} }
        try await server.stop()
    }

    @Test func `a list goes on to its last page`() async throws {
        func page(_ key: String, next: String?) -> ScriptedStore.Reply {
            let more = next.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
            return .answer(
                status: 200,
                body: """
                    <?xml version="1.0" encoding="UTF-8"?>
                    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>
                    <IsTruncated>\(next != nil)</IsTruncated>\(more)
                    <Contents><Key>tenants%2Facme000001%2F\(key)</Key><Size>3</Size>
                    <LastModified>2026-11-24T17:07:11.000Z</LastModified></Contents></ListBucketResult>
                    """)
        }
        let server = try await ScriptedStore([page("a", next: "x+/="), page("b", next: "y"), page("c", next: nil)])
        let listed = try await store(server).list(prefix: "", tenant: acme)
        #expect(listed.map(\.key) == ["a", "b", "c"])
        #expect(listed[0].modifiedAt == Timestamp(rfc3339: "2026-11-24T17:07:11Z"))
        #expect(server.asked[1].target.contains("continuation-token=x%2B%2F%3D"))
        try await server.stop()
    }

    @Test(arguments: [
        "", "no XML", "<a>", "<!DOCTYPE x [<!ENTITY e \"e\">]><x>&e;</x>", "<ListBucketResult>&e;</ListBucketResult>",
    ])
    func `what is no list is not taken for an empty one`(body: String) async throws {
        let server = try await ScriptedStore([.answer(status: 200, body: body)])
        let store = try store(server)
        let sentence = await unavailable { _ = try await store.list(prefix: "", tenant: acme) }
        #expect(sentence?.contains("not the XML of S3") == true)
        try await server.stop()
    }

    @Test func `a multipart upload that ends in an error within a success is no success`() async throws {
        let server = try await ScriptedStore([
            .answer(status: 200, body: "<R><UploadId>u</UploadId></R>"),
            .answer(status: 200, headers: [("etag", "\"1\"")]), .answer(status: 200, headers: [("etag", "\"2\"")]),
            .answer(status: 200, body: "<Error><Code>InternalError</Code></Error>"),
            .answer(status: 200, body: "<CompleteMultipartUploadResult/>"),
        ])
        try await store(server).put([UInt8](repeating: 7, count: 17 << 20), key: "a", tenant: acme)
        #expect(server.asked.map(\.method) == ["POST", "PUT", "PUT", "POST", "POST"])
        #expect(server.asked.map(\.body.count)[1...2] == [16 << 20, 1 << 20])
        #expect(
            String(decoding: server.asked[4].body, as: UTF8.self).contains(
                "<Part><PartNumber>2</PartNumber><ETag>&quot;2&quot;</ETag></Part>"))
        try await server.stop()
    }

    @Test func `nobody at the port is said so`() async throws {
        let server = try await ScriptedStore([.close])
        let store = try store(server)
        try await server.stop()
        let sentence = await unavailable { try await store.connect() }
        #expect(sentence?.hasPrefix("cannot reach the bucket \"mocks\" at http://127.0.0.1:") == true)
        #expect(sentence?.contains("Connection refused") == true, "\(sentence ?? "")")
    }

    @Test func `in virtual-host style the bucket is in the host and in no path`() throws {
        let address = try S3Address("s3://a:b@mocks/x?region=eu-west-1")
        let store = S3ObjectStore(address, logger: Logger(label: "test"))
        let url = try store.presignedURL(key: "f", tenant: acme, for: .seconds(60))
        #expect(url.hasPrefix("https://mocks.s3.eu-west-1.amazonaws.com/x/tenants/acme000001/f?"))
    }
}
