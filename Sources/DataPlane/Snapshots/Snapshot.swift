import Domain
import JSON
package import MockEngine
import Persistence
import Synchronization

/// One workspace, compiled, with what the data plane needs beside it.
package final class Snapshot: Sendable {
    // What every request looks at comes first and stands together.
    let compiled: Part<CompiledWorkspace>
    let journal: any JournalAppender
    /// The share of requests that the journal keeps, 0 to 1.
    let journalShare: Double
    /// Microseconds since 1970.
    let lastUsed: Atomic<Int64>
    /// Whether requests need an API key, or an answer that depends on where they come from.
    let asksWho: (key: Bool, origin: Bool)
    /// By the place of the route.
    let routes: ServedRoutes
    let settings: WorkspaceSettings
    let crossOrigin: CrossOrigin

    /// Whether this is the tenant's default workspace.
    let isDefault: Bool
    /// The workspace's content version when it was read.
    let version: Int
    /// The imported descriptions by their key in the object store: kept so that an edit does not parse them again.
    let documents: [String: JSON]

    init(
        workspace: CompiledWorkspace, settings: WorkspaceSettings, version: Int, isDefault: Bool,
        documents: [String: JSON], journal: any JournalAppender, heads: ReplyHeads, now: Timestamp
    ) {
        compiled = Part(workspace)
        self.settings = settings
        journalShare = settings.journal ? settings.journalSample : 0
        self.version = version
        self.isDefault = isDefault
        crossOrigin = CrossOrigin(settings.cors)
        asksWho = (settings.requireAPIKey, crossOrigin.isEnabled)
        routes = ServedRoutes((0..<workspace.routeCount).lazy.map { workspace.fixedReply(at: $0) }, heads)
        self.documents = documents
        self.journal = journal
        lastUsed = Atomic(now.microseconds)
    }
}

extension Snapshot {
    package var workspace: CompiledWorkspace { compiled.reference }

    /// Bytes in memory, roughly: what a cache with a budget counts.
    var approximateSize: Int { workspace.approximateSize + routes.byteCount }

    /// What every request looks at, but for its route.
    var pieces: [MemoryPiece] {
        [
            MemoryPiece(self, byteCount: 56, isCounted: true), MemoryPiece(journal, byteCount: 160, isCounted: true),
        ] + compiled.use { $0.pieces }
    }
}

/// The snapshots of one tenant.
struct SnapshotShelf: Sendable {
    /// By slug.
    var bySlug: [String: Snapshot] = [:]
    var ofDefault: Snapshot?
    /// Slugs that name no workspace.
    var absent: Set<String> = []
    /// By slug; empty text for the default workspace.
    var loads: [String: Task<Snapshot?, any Error>] = [:]
    /// Counts changes: a snapshot whose reading began before one is not kept.
    var generation = 0
    /// The last snapshot of each workspace that has changed since, for its documents and nothing else.
    var outdated: [WorkspaceID: [String: JSON]] = [:]
    /// Where routes with a sequence of responses stand; outlives the snapshots.
    var sequences: [WorkspaceID: SequencePositions] = [:]

    func snapshot(_ slug: String?) -> Snapshot? {
        if let slug { bySlug[slug] } else { ofDefault }
    }

    mutating func insert(_ snapshot: Snapshot) {
        bySlug[snapshot.workspace.slug.text] = snapshot
        if snapshot.isDefault { ofDefault = snapshot }
        outdated[snapshot.workspace.id] = nil
    }

    mutating func remove(_ snapshot: Snapshot) {
        if bySlug[snapshot.workspace.slug.text] === snapshot { bySlug[snapshot.workspace.slug.text] = nil }
        if ofDefault === snapshot { ofDefault = nil }
    }
}

extension SnapshotShelf {
    mutating func sequencePositions(_ workspace: WorkspaceID) -> SequencePositions {
        if let positions = sequences[workspace] { return positions }
        let positions = SequencePositions()
        sequences[workspace] = positions
        return positions
    }
}
