import AsyncHTTPClient
import Domain
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Persistence
import Synchronization
import TestSupport
import Testing

@testable import S3Driver

/// Against a server that verifies signatures.
@Suite(.enabled(if: Services.url != nil, "MOCKFORGE_TEST_S3_URL is not set")) struct GatewayTests {
    private let acme = TenantID("acme000001")!

    private func address(_ change: (String) -> String = { $0 }) throws -> S3Address {
        try S3Address(change(try #require(Services.url) + "&create_bucket=true")).below(UUID().uuidString)
    }

    private func store(
        _ address: S3Address, clockAhead: Duration = .zero
    ) -> S3ObjectStore {
        let surroundings = Surroundings(
            now: { Timestamp.systemNow() + clockAhead }, random: Surroundings.system.random)
        return S3ObjectStore(address, surroundings: surroundings, logger: Logger(label: "test"))
    }

    private func refusal(_ address: S3Address, clockAhead: Duration = .zero) async -> String? {
        let store = store(address, clockAhead: clockAhead)
        let error = await #expect(throws: ObjectStoreError.self) { try await store.connect() }
        guard case .refused(let sentence) = error else {
            Issue.record("\(String(describing: error))")
            return nil
        }
        return sentence
    }

    @Test func `a wrong key, a wrong secret, a missing bucket and a wrong clock are told apart`() async throws {
        try await store(address()).connect()
        let key = await refusal(try address { $0.replacing("s3://mockforge:", with: "s3://nobody:") })
        #expect(key?.contains("does not know the access key \"nobody\"") == true, "\(key ?? "")")
        let secret = await refusal(try address { $0.replacing(":mockforge-secret@", with: ":other-secret@") })
        #expect(secret?.contains("refuses the secret that belongs to the access key") == true, "\(secret ?? "")")
        #expect(secret?.contains("other-secret") == false)
        let bucket = await refusal(
            try address {
                $0.replacing("@mockforge-test", with: "@no-such-bucket").replacing("&create_bucket=true", with: "")
            })
        #expect(bucket?.contains("create_bucket=true") == true, "\(bucket ?? "")")
        let clock = await refusal(try address(), clockAhead: .seconds(7200))
        #expect(clock?.contains("the clock of the bucket") == true, "\(clock ?? "")")
        #expect(clock?.contains(" by 7") == true, "\(clock ?? "")")
    }

    @Test func `a bucket is made where the address asks for it`() async throws {
        let name = "made-\(UUID().uuidString.lowercased().prefix(8))"
        let address = try address { $0.replacing("@mockforge-test", with: "@\(name)") }
        try await store(address).connect()
        try await store(address).put([1], key: "a", tenant: acme)
        #expect(try await store(address).get(key: "a", tenant: acme) == [1])
    }

    @Test func `connecting leaves nothing behind`() async throws {
        let address = try address()
        let store = store(address)
        try await store.connect()
        let connection = S3Connection(
            address, surroundings: .system, logger: Logger(label: "test"), pause: { try await Task.sleep(for: $0) })
        let request = connection.request("GET", query: [("list-type", "2"), ("prefix", address.prefix[0])])
        #expect(try ListPage(try await connection.send(request).body).objects.isEmpty)
    }

    @Test func `forty megabytes go up in parts and come back whole`() async throws {
        let store = store(try address())
        try await store.connect()
        let count = 40
        let left = Mutex(count)
        let stream = ObjectStream {
            left.withLock { left in
                guard left > 0 else { return nil }
                left -= 1
                return [UInt8](repeating: UInt8(left), count: 1 << 20)
            }
        }
        #expect(try await store.put(stream, key: "big", tenant: acme) == count << 20)
        var (sum, size) = (0, 0)
        for try await piece in try #require(try await store.stream(key: "big", tenant: acme)) {
            size += piece.count
            for byte in piece { sum += Int(byte) }
        }
        #expect(size == count << 20)
        #expect(sum == (0..<count).reduce(0, +) << 20)
        #expect(try await store.list(prefix: "", tenant: acme).map(\.size) == [count << 20])
    }

    @Test func `what a crash left of an upload is found and removed`() async throws {
        let address = try address()
        let store = store(address)
        try await store.connect()
        let connection = S3Connection(
            address, surroundings: .system, logger: Logger(label: "test"), pause: { try await Task.sleep(for: $0) })
        let key = "\(address.prefix[0])/tenants/\(acme)/left"
        _ = try await connection.send(connection.request("POST", key: key, query: [("uploads", "")]))
        let now = Timestamp.systemNow()
        #expect(try await store.removeUnfinished(before: now - .seconds(3600), tenant: acme) == 0)
        #expect(try await store.removeUnfinished(before: now + .seconds(60), tenant: acme) == 1)
        #expect(try await store.removeUnfinished(before: now + .seconds(60), tenant: acme) == 0)
    }

    @Test func `a presigned address opens one object for a while`() async throws {
        let address = try address()
        let store = store(address)
        try await store.connect()
        try await store.put(Array("hello".utf8), key: "a", tenant: acme)
        let url = try store.presignedURL(key: "a", tenant: acme, for: .seconds(60))
        func get(_ url: String) async throws -> (status: Int, text: String) {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(20))
            return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 10_000)))
        }
        #expect(try await get(url) == (200, "hello"))
        #expect(try await get(url.replacing("tenants/\(acme)/a", with: "tenants/\(acme)/b")).status == 403)
        let old = try self.store(address, clockAhead: .seconds(-600))
            .presignedURL(key: "a", tenant: acme, for: .seconds(1))
        #expect(try await get(old).status == 403)
    }
}
