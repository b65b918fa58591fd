package import Domain
package import JSON

/// One answered request of the data plane.
package struct JournalEntry: Sendable, Hashable {
    package var id: JournalID
    package var receivedAt: Timestamp
    package var method: String
    package var host: String
    package var path: String
    package var query: String?
    package var headers: [(name: String, value: String)]
    /// At most `JournalLimits.bodyBytes`; text, or base64 where it is not UTF-8.
    package var body: String
    package var isBodyTruncated: Bool
    package var status: Int
    package var mockID: MockID?
    package var routeID: RouteID?
    package var durationMicroseconds: Int64
    /// What differed in the nearest routes, when none matched.
    package var nearMisses: JSON
    /// What the request broke in the imported description, when the workspace validates.
    package var violations: [Violation]

    package var isMatched: Bool { routeID != nil }

    package init(
        id: JournalID, receivedAt: Timestamp, method: String, host: String, path: String, query: String?,
        headers: [(name: String, value: String)], body: String, isBodyTruncated: Bool, status: Int, mockID: MockID?,
        routeID: RouteID?, durationMicroseconds: Int64, nearMisses: JSON = .null, violations: [Violation] = []
    ) {
        self.id = id
        self.receivedAt = receivedAt
        self.method = method
        self.host = host
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.isBodyTruncated = isBodyTruncated
        self.status = status
        self.mockID = mockID
        self.routeID = routeID
        self.durationMicroseconds = durationMicroseconds
        self.nearMisses = nearMisses
        self.violations = violations
    }

    package static func == (left: JournalEntry, right: JournalEntry) -> Bool { left.id == right.id }
    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// The journals of all workspaces.
package protocol Journal: Sendable {
    /// The journal of one workspace, for whoever adds to it. What is added after `remove` is lost.
    func appender(tenant: TenantID, workspace: WorkspaceID) -> any JournalAppender

    /// Newest first, at most `limit` after skipping those at or after `before`.
    func entries(
        tenant: TenantID, workspace: WorkspaceID, before: JournalID?, limit: Int,
        where isIncluded: @Sendable (JournalEntry) -> Bool
    ) async throws -> [JournalEntry]

    func clear(tenant: TenantID, workspace: WorkspaceID) async throws

    /// Entries from now on. A reader that falls more than the stream's buffer behind loses the oldest.
    func stream(tenant: TenantID, workspace: WorkspaceID) -> AsyncStream<JournalEntry>

    /// Forgets everything of a tenant.
    func remove(tenant: TenantID) async throws
}

/// Adds to the journal of one workspace. Synchronous and cheap, since the data plane does it for every request.
package protocol JournalAppender: AnyObject, Sendable {
    func append(_ entry: any DeferredJournalEntry)
    func append(packed entry: some PackedJournalEntry)
    /// Where the next entry will probably be written, and where the one begins that is forgotten for it: for whoever has them
    /// brought near before it comes; never to be read. Nil where that is not worth it.
    var nextPlace: UnsafeRawPointer? { get }
    var oldestPlace: UnsafeRawPointer? { get }
}

/// A journal entry in the form in which it was cheapest to keep: reading it out is left to whoever looks at it.
package protocol DeferredJournalEntry: Sendable {
    /// About how many bytes it takes in memory; never changes.
    var cost: Int { get }
    var receivedAt: Timestamp { get }

    /// Reads the entry out.
    func read() -> JournalEntry
}

/// A journal entry that is kept as bytes, which say all that `unpack` needs. Valid only while it is being appended.
package protocol PackedJournalEntry: SendableMetatype {
    var receivedAt: Timestamp { get }
    /// Bytes; less than 4 GB.
    var packedLength: Int { get }

    /// Writes `packedLength` bytes. They begin at a multiple of eight here, as they do wherever they are unpacked.
    func pack(to target: UnsafeMutableRawBufferPointer)

    /// Reads the entry out of what `pack` wrote.
    static func unpack(_ bytes: UnsafeRawBufferPointer) -> JournalEntry
}

extension PackedJournalEntry {
    package func read() -> JournalEntry {
        withUnsafeTemporaryAllocation(byteCount: packedLength, alignment: 8) { bytes in
            pack(to: bytes)
            return Self.unpack(UnsafeRawBufferPointer(bytes))
        }
    }
}

extension Journal {
    package func append(_ entry: JournalEntry, tenant: TenantID, workspace: WorkspaceID) {
        appender(tenant: tenant, workspace: workspace).append(ReadJournalEntry(entry))
    }
}
