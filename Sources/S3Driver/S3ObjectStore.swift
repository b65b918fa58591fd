package import Domain
package import Logging
package import Persistence
import Synchronization

/// Objects in a bucket of S3 or a service like it: `<prefix>/tenants/<id>/<key>`.
package final class S3ObjectStore: ObjectStore {
    private let connection: S3Connection
    private let surroundings: Surroundings
    /// Ends with a slash unless empty.
    private let root: String

    /// Longest that a presigned address may live.
    private static let longestLifetime = Duration.seconds(7 * 86_400)
    private static let deletionsAtOnce = 16

    /// Nothing is sent before the first call.
    ///
    /// - Parameter pause: how it waits between attempts; tests do not.
    package init(
        _ address: S3Address, surroundings: Surroundings = .system, logger: Logger,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        connection = S3Connection(address, surroundings: surroundings, logger: logger, pause: pause)
        self.surroundings = surroundings
        root = address.prefix.map { $0 + "/" }.joined()
    }

    /// Proves that the bucket is there and that we may list, write and remove in it; makes the bucket where the address
    /// asks for it.
    ///
    /// - Throws: `ObjectStoreError` with a sentence for whoever starts the server.
    package func connect() async throws {
        try await translated {
            do {
                _ = try await self.page(prefix: self.root, limit: 1)
            } catch let refusal as S3Refusal
                where refusal.isMissingBucket && self.connection.address.createsBucket
            {
                try await self.createBucket()
            }
            for attempt in 1...3 {
                do {
                    try await self.probe()
                    break
                } catch let refusal as S3Refusal where attempt < 3 && refusal.isMissingObject {
                    // A store on a file system removes a folder with its last object, also when another node just puts one there.
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    private func probe() async throws {
        let key = "\(root)probe-\(String(surroundings.random(), radix: 36))"
        _ = try await connection.send(connection.request("PUT", key: key), body: [1])
        _ = try await connection.send(connection.request("DELETE", key: key))
    }

    package func prepare(_ tenant: TenantID) async throws {
        // A prefix is there as soon as an object is.
    }

    package func put(_ bytes: [UInt8], key: String, tenant: TenantID) async throws {
        let name = try name(key, tenant)
        try await translated {
            if bytes.count <= S3Upload.threshold {
                _ = try await self.connection.send(self.connection.request("PUT", key: name), body: bytes)
            } else {
                let left = Mutex(bytes[...])
                let parts = ObjectStream {
                    left.withLock { left in
                        let part = left.prefix(ObjectStream.pieceSize)
                        left = left.dropFirst(part.count)
                        return part.isEmpty ? nil : Array(part)
                    }
                }
                _ = try await S3Upload(self.connection, name).send(parts)
            }
        }
    }

    package func put(_ stream: ObjectStream, key: String, tenant: TenantID) async throws -> Int {
        let name = try name(key, tenant)
        return try await translated { try await S3Upload(self.connection, name).send(stream) }
    }

    package func get(key: String, tenant: TenantID) async throws -> [UInt8]? {
        let name = try name(key, tenant)
        return try await translated {
            do {
                return try await self.connection.send(self.connection.request("GET", key: name), limit: .max).body
            } catch let refusal as S3Refusal where refusal.isMissingObject {
                return nil
            }
        }
    }

    package func stream(key: String, tenant: TenantID) async throws -> ObjectStream? {
        let name = try name(key, tenant)
        return try await translated {
            do {
                return try await S3Download(self.connection, name).stream()
            } catch let refusal as S3Refusal where refusal.isMissingObject {
                return nil
            }
        }
    }

    package func delete(key: String, tenant: TenantID) async throws {
        let name = try name(key, tenant)
        try await translated { try await self.deleteEach([name]) }
    }

    package func list(prefix: String, tenant: TenantID) async throws -> [StoredObject] {
        let own = prefixOf(tenant)
        return try await translated {
            var result: [StoredObject] = []
            try await self.pages(prefix: own + prefix) { page in
                result += page.objects.map {
                    StoredObject(key: String($0.key.dropFirst(own.count)), size: $0.size, modifiedAt: $0.modifiedAt)
                }
            }
            return result.sorted { $0.key < $1.key }
        }
    }

    package func deleteAll(_ tenant: TenantID) async throws {
        try await translated {
            try await self.pages(prefix: self.prefixOf(tenant)) { page in
                try await self.deleteEach(page.objects.map(\.key))
            }
        }
        _ = try await removeUnfinished(before: surroundings.now() + .seconds(86_400), tenant: tenant)
    }

    package func tenants() async throws -> [TenantID] {
        let prefix = root + "tenants/"
        return try await translated {
            var result: [TenantID] = []
            try await self.pages(prefix: prefix, delimiter: "/") { page in
                result += page.prefixes.compactMap { TenantID(String($0.dropFirst(prefix.count).dropLast())) }
            }
            return result
        }
    }

    package func removeUnfinished(before moment: Timestamp, tenant: TenantID) async throws -> Int {
        let prefix = prefixOf(tenant)
        return try await translated {
            let request = self.connection.request("GET", query: [("uploads", ""), ("prefix", prefix)])
            let uploads = try XMLReader.read(try await self.connection.send(request).body).all("Upload")
            var count = 0
            for upload in uploads {
                guard let key = upload.text(of: "Key"), key.hasPrefix(prefix), let id = upload.text(of: "UploadId"),
                    let begun = upload.text(of: "Initiated").flatMap({ Timestamp(rfc3339: $0) }), begun < moment
                else { continue }
                try await S3Upload(self.connection, key).abort(id)
                count += 1
            }
            return count
        }
    }

    /// An address by which whoever has it can get one object, without credentials, until `lifetime` is over.
    ///
    /// - Parameter lifetime: at least a second, at most a week; what is longer is cut.
    package func presignedURL(key: String, tenant: TenantID, for lifetime: Duration) throws -> String {
        connection.presigned(
            connection.request("GET", key: try name(key, tenant)),
            for: min(max(lifetime, .seconds(1)), Self.longestLifetime))
    }

    private func name(_ key: String, _ tenant: TenantID) throws -> String {
        prefixOf(tenant) + (try ObjectKey.segments(key).joined(separator: "/"))
    }

    private func prefixOf(_ tenant: TenantID) -> String { "\(root)tenants/\(tenant)/" }

    private func createBucket() async throws {
        let region = connection.address.region
        let body =
            region == "us-east-1"
            ? ""
            : "<CreateBucketConfiguration><LocationConstraint>\(region)</LocationConstraint></CreateBucketConfiguration>"
        do {
            _ = try await connection.send(connection.request("PUT"), body: Array(body.utf8))
        } catch ObjectStoreError.refused(let sentence) where sentence.contains("BucketAlreadyOwnedByYou") {
            // Another node was first.
            return
        }
    }

    private func pages(
        prefix: String, delimiter: String? = nil, _ body: (ListPage) async throws -> Void
    ) async throws {
        var next: String?
        repeat {
            let page = try await page(prefix: prefix, delimiter: delimiter, after: next)
            try await body(page)
            next = page.continuation
        } while next != nil
    }

    private func page(
        prefix: String, delimiter: String? = nil, after continuation: String? = nil, limit: Int = 1000
    ) async throws -> ListPage {
        var query = [
            ("list-type", "2"), ("prefix", prefix), ("encoding-type", "url"), ("max-keys", String(limit)),
        ]
        if let delimiter { query.append(("delimiter", delimiter)) }
        if let continuation { query.append(("continuation-token", continuation)) }
        return try ListPage(try await connection.send(connection.request("GET", query: query)).body)
    }

    /// One request for each, several at a time. The request that removes a thousand at once leaves empty folders behind in
    /// services that keep a file system, and those would show as tenants.
    private func deleteEach(_ keys: [String]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, key) in keys.enumerated() {
                if index >= Self.deletionsAtOnce { try await group.next() }
                group.addTask { [connection] in
                    do {
                        _ = try await connection.send(connection.request("DELETE", key: key))
                    } catch let refusal as S3Refusal where refusal.isMissingObject {
                        return
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Whatever the store says becomes the port's error.
    private func translated<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let refusal as S3Refusal {
            throw refusal.error(at: connection.address, clockDifference: nil)
        } catch is XMLReader.Malformed {
            throw ObjectStoreError.unavailable("\(connection.address.place) answered with what is not the XML of S3")
        }
    }
}
