import CPrefetch
import Domain
import MockEngine
import Persistence

/// The cache lines that requests to one host need, to have them all brought near at once and not one after the other as each
/// leads to the next.
///
/// The addresses are never read through and nobody keeps the objects alive for them, which would mean counting references
/// in the very memory that is to be brought. One that is gone is brought near for nothing.
struct Neighbourhood {
    /// What does not fit is not brought near.
    private var tenant = InlineArray<9, UnsafeRawPointer?>(repeating: nil)
    private var snapshot = InlineArray<16, UnsafeRawPointer?>(repeating: nil)
    /// Where the journal's next entry will probably be, and the one that it is kept in place of.
    private var nextEntry: UnsafeRawPointer?
    private var oldestEntry: UnsafeRawPointer?
    private var beginnings: RouteBeginnings?
    private var known: ObjectIdentifier?

    mutating func note(_ tenant: HostedTenant) { Self.write(tenant.pieces, to: &self.tenant) }

    /// When it has answered a request to the tenant.
    mutating func note(_ snapshot: Snapshot, of tenant: HostedTenant) {
        nextEntry = snapshot.journal.nextPlace
        oldestEntry = snapshot.journal.oldestPlace
        guard known != ObjectIdentifier(snapshot) else { return }
        known = ObjectIdentifier(snapshot)
        beginnings = snapshot.workspace.beginnings
        Self.write([tenant.metrics.lastCounter].compactMap(\.self) + snapshot.pieces, to: &self.snapshot)
    }

    private static func write<let count: Int>(
        _ pieces: [MemoryPiece], to lines: inout InlineArray<count, UnsafeRawPointer?>
    ) {
        let found = pieces.flatMap(\.lines)
        for index in lines.indices { lines[index] = index < found.count ? found[index] : nil }
    }

    /// Begins to bring all of them near, and what the path will lead to.
    func bringNear(_ path: UnsafeBufferPointer<UInt8>) {
        for index in tenant.indices { mockforge_prefetch(tenant[index]) }
        beginnings?.prefetch(path)
        for index in snapshot.indices { mockforge_prefetch(snapshot[index]) }
        // All of an entry of ordinary length.
        mockforge_prefetch_lines(nextEntry, 4)
        mockforge_prefetch(oldestEntry)
    }
}
