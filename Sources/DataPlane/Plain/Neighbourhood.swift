import CPrefetch

/// Where the objects begin that requests to one host need, to have them all brought near at once and not one after the
/// other as each leads to the next.
///
/// The addresses are never read through and nobody keeps the objects alive for them, which would mean counting references
/// in the very memory that is to be brought. One that is gone is brought near for nothing.
struct Neighbourhood {
    /// Room for what a tenant and a snapshot name.
    private var tenant = InlineArray<5, UnsafeRawPointer?>(repeating: nil)
    private var snapshot = InlineArray<7, UnsafeRawPointer?>(repeating: nil)
    private var known: ObjectIdentifier?

    static func address(of object: AnyObject) -> UnsafeRawPointer {
        UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
    }

    mutating func note(_ tenant: HostedTenant) {
        for (index, address) in tenant.addresses.prefix(self.tenant.count).enumerated() { self.tenant[index] = address }
    }

    mutating func note(_ snapshot: Snapshot) {
        guard known != ObjectIdentifier(snapshot) else { return }
        known = ObjectIdentifier(snapshot)
        for (index, address) in snapshot.addresses.prefix(self.snapshot.count).enumerated() {
            self.snapshot[index] = address
        }
    }

    /// Begins to bring the first two cache lines of each object near.
    func bringNear() {
        for index in tenant.indices { bringNear(tenant[index]) }
        for index in snapshot.indices { bringNear(snapshot[index]) }
    }

    private func bringNear(_ start: UnsafeRawPointer?) {
        guard let start else { return }
        mockforge_prefetch(start)
        mockforge_prefetch(start + 64)
    }
}
