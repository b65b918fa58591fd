import Domain

/// Whose rows are counted next. Counting opens a tenant's schema, so those that did not change wait long for their turn: a
/// node with thousands of tenants must not be busy with counting what is as it was.
struct CountingTurns {
    struct Turn: Equatable {
        let tenant: TenantID
        let measuresStorage: Bool
    }

    private struct Known {
        var counted: Timestamp
        var measured: Timestamp
    }

    /// Tenants that changed or are new, in one round.
    static let most = 500
    /// Tenants counted again in one round though nothing is known to have changed: an announcement may have been lost.
    static let sweep = 10
    /// Listing what a tenant stores is dearer than counting its rows.
    static let measuringPause = Duration.seconds(300)

    private var known: [TenantID: Known] = [:]
    private var changes: Set<TenantID> = []

    mutating func changed(_ tenant: TenantID) { changes.insert(tenant) }

    /// - Parameter active: those in use, the one used last first. Others are forgotten.
    mutating func next(of active: [TenantID], at now: Timestamp) -> [Turn] {
        let inUse = Set(active)
        known = known.filter { inUse.contains($0.key) }
        changes.formIntersection(inUse)
        let due = active.filter { known[$0] == nil || changes.contains($0) }.prefix(Self.most)
        let chosen = Set(due)
        let waiting = known.filter { !chosen.contains($0.key) }
            .sorted { ($0.value.counted, $0.key.text) < ($1.value.counted, $1.key.text) }
        changes.subtract(chosen)
        return (due + waiting.prefix(Self.sweep).map(\.key)).map { tenant in
            let measured = known[tenant]?.measured
            let measures = measured.map { now - $0 >= Self.measuringPause } ?? true
            known[tenant] = Known(counted: now, measured: measures ? now : measured ?? now)
            return Turn(tenant: tenant, measuresStorage: measures)
        }
    }
}
