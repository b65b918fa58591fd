import Domain
import Foundation
import Logging
import Persistence
import S3Driver
import TestSupport
import Testing

/// A driver of the `ObjectStore` port that the contract tests run against.
struct ObjectStoreDriver: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// An empty store of the test's own.
    let makeStore: @Sendable () async throws -> any ObjectStore

    /// Those whose server is there.
    static let all = [folder] + (s3.map { [$0] } ?? [])

    private static let folder = ObjectStoreDriver(testDescription: "folder") {
        let folder = TemporaryFolder()
        return KeptObjectStore(store: FolderObjectStore(folder.path), folder: folder)
    }

    /// Each store has a prefix of its own in the one bucket of `MOCKFORGE_TEST_S3_URL`.
    private static let s3 = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_S3_URL"].map { url in
        ObjectStoreDriver(testDescription: "S3") {
            let address = try S3Address(url + "&create_bucket=true").below(UUID().uuidString)
            let store = S3ObjectStore(address, logger: Logger(label: "test"))
            try await store.connect()
            return store
        }
    }
}

/// A store whose folder stays as long as the store is used.
private struct KeptObjectStore: ObjectStore {
    let store: FolderObjectStore
    let folder: TemporaryFolder

    func prepare(_ tenant: TenantID) async throws { try await store.prepare(tenant) }
    func put(_ bytes: [UInt8], key: String, tenant: TenantID) async throws {
        try await store.put(bytes, key: key, tenant: tenant)
    }
    func put(_ stream: ObjectStream, key: String, tenant: TenantID) async throws -> Int {
        try await store.put(stream, key: key, tenant: tenant)
    }
    func get(key: String, tenant: TenantID) async throws -> [UInt8]? { try await store.get(key: key, tenant: tenant) }
    func stream(key: String, tenant: TenantID) async throws -> ObjectStream? {
        try await store.stream(key: key, tenant: tenant)
    }
    func delete(key: String, tenant: TenantID) async throws { try await store.delete(key: key, tenant: tenant) }
    func list(prefix: String, tenant: TenantID) async throws -> [StoredObject] {
        try await store.list(prefix: prefix, tenant: tenant)
    }
    func deleteAll(_ tenant: TenantID) async throws { try await store.deleteAll(tenant) }
    func tenants() async throws -> [TenantID] { try await store.tenants() }
    func removeUnfinished(before moment: Timestamp, tenant: TenantID) async throws -> Int {
        try await store.removeUnfinished(before: moment, tenant: tenant)
    }
}
