import Domain
import Persistence
import Synchronization
import TestSupport
import Testing

/// What every driver of `ObjectStore` promises.
@Suite struct `Object store contract` {
    let acme = TenantID("acme000001")!
    let other = TenantID("other00001")!

    @Test(arguments: ObjectStoreDriver.all)
    func `what was put can be read, replaced and removed`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        try await store.put([1, 2, 3], key: "specs/shop.yaml", tenant: acme)
        #expect(try await store.get(key: "specs/shop.yaml", tenant: acme) == [1, 2, 3])
        try await store.put([], key: "specs/shop.yaml", tenant: acme)
        #expect(try await store.get(key: "specs/shop.yaml", tenant: acme) == [])
        try await store.delete(key: "specs/shop.yaml", tenant: acme)
        try await store.delete(key: "specs/shop.yaml", tenant: acme)
        #expect(try await store.get(key: "specs/shop.yaml", tenant: acme) == nil)
    }

    @Test(arguments: ObjectStoreDriver.all)
    func `one tenant's key is nothing to another`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        try await store.put([1], key: "a", tenant: acme)
        #expect(try await store.get(key: "a", tenant: other) == nil)
        #expect(try await store.list(prefix: "", tenant: other).isEmpty)
    }

    @Test(
        arguments: ObjectStoreDriver.all,
        ["", "/", "..", "../a", "a/../b", "a//b", "/a", "a/", ".hidden", "A", "a b", "a\0", "ä"])
    func `a key that could lead elsewhere is refused`(driver: ObjectStoreDriver, key: String) async throws {
        let store = try await driver.makeStore()
        await #expect(throws: ObjectKey.Refusal.self) { try await store.put([1], key: key, tenant: acme) }
        await #expect(throws: ObjectKey.Refusal.self) { try await store.get(key: key, tenant: acme) }
        await #expect(throws: ObjectKey.Refusal.self) { try await store.delete(key: key, tenant: acme) }
    }

    @Test(arguments: ObjectStoreDriver.all)
    func `a list shows keys below a prefix with their sizes`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        try await store.put([1], key: "specs/a.json", tenant: acme)
        try await store.put([1, 2], key: "specs/deep/b.json", tenant: acme)
        try await store.put([1, 2, 3], key: "assets/c.png", tenant: acme)
        let specs = try await store.list(prefix: "specs/", tenant: acme)
        #expect(specs.map(\.key) == ["specs/a.json", "specs/deep/b.json"])
        #expect(specs.map(\.size) == [1, 2])
        #expect(try await store.list(prefix: "spec", tenant: acme).count == 2)
        #expect(try await store.list(prefix: "", tenant: acme).count == 3)
    }

    @Test(arguments: ObjectStoreDriver.all)
    func `removing a tenant's objects leaves the others'`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        try await store.prepare(acme)
        try await store.prepare(acme)
        try await store.put([1], key: "a", tenant: acme)
        try await store.put([1], key: "a", tenant: other)
        #expect(try await store.tenants() == [acme, other])
        try await store.deleteAll(acme)
        try await store.deleteAll(acme)
        #expect(try await store.tenants() == [other])
        #expect(try await store.get(key: "a", tenant: acme) == nil)
        #expect(try await store.get(key: "a", tenant: other) == [1])
    }

    @Test(arguments: ObjectStoreDriver.all)
    func `many writers of one key leave one whole object`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for byte in UInt8(0)..<20 {
                group.addTask { [store, acme] in
                    try await store.put([UInt8](repeating: byte, count: 10_000), key: "a", tenant: acme)
                }
            }
            try await group.waitForAll()
        }
        let bytes = try #require(try await store.get(key: "a", tenant: acme))
        #expect(bytes.count == 10_000)
        #expect(Set(bytes).count == 1)
        #expect(try await store.list(prefix: "", tenant: acme).count == 1)
    }

    @Test(arguments: ObjectStoreDriver.all)
    func `a stream comes back in pieces as it went in`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        let sizes = [0, 1, 100_000, 0, ObjectStream.pieceSize, 700_001]
        #expect(try await store.put(Self.stream(sizes), key: "a", tenant: acme) == sizes.reduce(0, +))
        var bytes: [UInt8] = []
        for try await piece in try #require(try await store.stream(key: "a", tenant: acme)) {
            #expect((1...ObjectStream.pieceSize).contains(piece.count))
            bytes += piece
        }
        #expect(bytes == Self.bytes(sizes))
        #expect(try await store.get(key: "a", tenant: acme) == bytes)
        #expect(try await store.list(prefix: "", tenant: acme).map(\.size) == [bytes.count])
    }

    @Test(arguments: ObjectStoreDriver.all)
    func `an empty stream is an empty object, and no object is no stream`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        #expect(try await store.put(Self.stream([]), key: "a", tenant: acme) == 0)
        #expect(try await store.get(key: "a", tenant: acme) == [])
        for try await piece in try #require(try await store.stream(key: "a", tenant: acme)) {
            Issue.record("\(piece.count) bytes of an empty object")
        }
        let absent = try await store.stream(key: "b", tenant: acme)
        #expect(absent == nil)
    }

    private struct Broken: Error {}

    @Test(arguments: ObjectStoreDriver.all)
    func `a stream that breaks leaves the old object and nothing else`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        try await store.put([1], key: "a", tenant: acme)
        let pieces = Mutex(40)
        let broken = ObjectStream {
            let left = pieces.withLock { left in
                left -= 1
                return left
            }
            if left == 0 { throw Broken() }
            return [UInt8](repeating: 2, count: 500_000)
        }
        await #expect(throws: Broken.self) { try await store.put(broken, key: "a", tenant: acme) }
        #expect(try await store.get(key: "a", tenant: acme) == [1])
        #expect(try await store.list(prefix: "", tenant: acme).count == 1)
        let later = Timestamp.systemNow() + .seconds(60)
        #expect(try await store.removeUnfinished(before: later, tenant: acme) == 0)
    }

    @Test(arguments: ObjectStoreDriver.all)
    func `what a reader has begun to read stays whole while it is replaced`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        let size = 4 * ObjectStream.pieceSize
        try await store.put([UInt8](repeating: 1, count: size), key: "a", tenant: acme)
        var bytes: [UInt8] = []
        do {
            for try await piece in try #require(try await store.stream(key: "a", tenant: acme)) {
                if bytes.isEmpty { try await store.put([UInt8](repeating: 2, count: size), key: "a", tenant: acme) }
                bytes += piece
            }
            #expect(bytes == [UInt8](repeating: 1, count: size))
        } catch is ObjectStoreError {
            #expect(Set(bytes) == [1])
        }
    }

    @Test(arguments: ObjectStoreDriver.all)
    func `a list says when an object was stored`(driver: ObjectStoreDriver) async throws {
        let store = try await driver.makeStore()
        try await store.put([1], key: "a", tenant: acme)
        let stored = try #require(try await store.list(prefix: "", tenant: acme).first)
        // Some stores keep whole seconds.
        let age = Timestamp.systemNow() - stored.modifiedAt
        #expect(age > .seconds(-5) && age < .seconds(60))
    }

    private static func bytes(_ sizes: [Int]) -> [UInt8] {
        sizes.enumerated().flatMap { [UInt8](repeating: UInt8($0.offset), count: $0.element) }
    }

    private static func stream(_ sizes: [Int]) -> ObjectStream {
        let left = Mutex(sizes.enumerated().map { [UInt8](repeating: UInt8($0.offset), count: $0.element) }[...])
        return ObjectStream { left.withLock { $0.popFirst() } }
    }
}
