import Domain
import Persistence
import TestSupport
import Testing

/// What every driver of `ObjectStore` promises.
@Suite struct `Object store contract` {
    let folder = TemporaryFolder()
    let store: any ObjectStore
    let acme = TenantID("acme000001")!
    let other = TenantID("other00001")!

    init() { store = FolderObjectStore(folder.path) }

    @Test func `what was put can be read, replaced and removed`() async throws {
        try await store.put([1, 2, 3], key: "specs/shop.yaml", tenant: acme)
        #expect(try await store.get(key: "specs/shop.yaml", tenant: acme) == [1, 2, 3])
        try await store.put([], key: "specs/shop.yaml", tenant: acme)
        #expect(try await store.get(key: "specs/shop.yaml", tenant: acme) == [])
        try await store.delete(key: "specs/shop.yaml", tenant: acme)
        try await store.delete(key: "specs/shop.yaml", tenant: acme)
        #expect(try await store.get(key: "specs/shop.yaml", tenant: acme) == nil)
    }

    @Test func `one tenant's key is nothing to another`() async throws {
        try await store.put([1], key: "a", tenant: acme)
        #expect(try await store.get(key: "a", tenant: other) == nil)
        #expect(try await store.list(prefix: "", tenant: other).isEmpty)
    }

    @Test(arguments: ["", "/", "..", "../a", "a/../b", "a//b", "/a", "a/", ".hidden", "A", "a b", "a\0", "ä"])
    func `a key that could lead elsewhere is refused`(key: String) async throws {
        await #expect(throws: ObjectKey.Refusal.self) { try await store.put([1], key: key, tenant: acme) }
        await #expect(throws: ObjectKey.Refusal.self) { try await store.get(key: key, tenant: acme) }
        await #expect(throws: ObjectKey.Refusal.self) { try await store.delete(key: key, tenant: acme) }
    }

    @Test func `a list shows keys below a prefix with their sizes`() async throws {
        try await store.put([1], key: "specs/a.json", tenant: acme)
        try await store.put([1, 2], key: "specs/deep/b.json", tenant: acme)
        try await store.put([1, 2, 3], key: "assets/c.png", tenant: acme)
        let specs = try await store.list(prefix: "specs/", tenant: acme)
        #expect(specs.map(\.key) == ["specs/a.json", "specs/deep/b.json"])
        #expect(specs.map(\.size) == [1, 2])
        #expect(try await store.list(prefix: "spec", tenant: acme).count == 2)
        #expect(try await store.list(prefix: "", tenant: acme).count == 3)
    }

    @Test func `removing a tenant's objects leaves the others'`() async throws {
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

    @Test func `many writers of one key leave one whole object`() async throws {
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
}
