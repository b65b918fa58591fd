package import Domain

/// Where large things live: imported descriptions, large response bodies, exports. Every key is under one tenant's prefix
/// (`tenants/<id>/`), which the store adds, so no caller can name another tenant's object.
///
/// Failures of the store itself are `ObjectStoreError`. What must outlive its tenant, such as a backup, belongs into a
/// second store of the same driver at another place.
package protocol ObjectStore: Sendable {
    /// Makes the tenant's prefix usable. Does nothing when it is.
    func prepare(_ tenant: TenantID) async throws

    /// Stores `bytes` whole or not at all. `key` is `[a-z0-9._-]` segments parted by `/`.
    func put(_ bytes: [UInt8], key: String, tenant: TenantID) async throws

    /// Stores what a stream brings, whole or not at all, in bounded memory: nothing when the stream throws.
    ///
    /// - Returns: how many bytes came.
    @discardableResult
    func put(_ stream: ObjectStream, key: String, tenant: TenantID) async throws -> Int

    /// The bytes, or nil when there is no such object.
    func get(key: String, tenant: TenantID) async throws -> [UInt8]?

    /// The bytes in pieces of at most `ObjectStream.pieceSize`, or nil when there is no such object. An object that is
    /// replaced while it is read ends in an error or comes whole in its old form.
    func stream(key: String, tenant: TenantID) async throws -> ObjectStream?

    /// Does nothing when there is no such object.
    func delete(key: String, tenant: TenantID) async throws

    /// What is stored below `prefix`, in the order of the keys.
    func list(prefix: String, tenant: TenantID) async throws -> [StoredObject]

    /// Removes everything of the tenant.
    func deleteAll(_ tenant: TenantID) async throws

    /// The tenants that have a prefix: what finds orphans.
    func tenants() async throws -> [TenantID]

    /// Removes what uploads that a crash broke off before `moment` have left of the tenant's: it takes up room, and no
    /// list shows it.
    ///
    /// - Returns: how many such uploads there were.
    @discardableResult
    func removeUnfinished(before moment: Timestamp, tenant: TenantID) async throws -> Int
}

/// What a list says of an object.
package struct StoredObject: Sendable, Hashable {
    package let key: String
    /// In bytes.
    package let size: Int
    /// By the store's clock.
    package let modifiedAt: Timestamp

    package init(key: String, size: Int, modifiedAt: Timestamp) {
        self.key = key
        self.size = size
        self.modifiedAt = modifiedAt
    }
}

/// Bytes in pieces, each asked for when the one before is used up, so that whoever reads sets the pace. Read once.
package struct ObjectStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    /// Largest piece that a store hands out, in bytes.
    package static let pieceSize = 256 * 1024

    private let begin: @Sendable () -> () async throws -> [UInt8]?

    /// - Parameter begin: called when reading begins; what it returns gives the next piece, or nil at the end.
    package init(beginning begin: @escaping @Sendable () -> () async throws -> [UInt8]?) { self.begin = begin }

    /// - Parameter next: the next piece, or nil at the end.
    package init(_ next: @escaping @Sendable () async throws -> [UInt8]?) { begin = { next } }

    package func makeAsyncIterator() -> Iterator { Iterator(produce: begin()) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let produce: () async throws -> [UInt8]?

        package mutating func next() async throws -> [UInt8]? { try await produce() }
    }
}

/// The object store failed. The sentences are for the log and for whoever starts the server.
package enum ObjectStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// It is not there, too slow, full or broken; the same request may succeed later.
    case unavailable(String)
    /// It is there and refuses us: wrong credentials, no such bucket, clocks that differ. Trying again does not help.
    case refused(String)

    package var description: String {
        switch self {
        case .unavailable(let sentence), .refused(let sentence): sentence
        }
    }
}
