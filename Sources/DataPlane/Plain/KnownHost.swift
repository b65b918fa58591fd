import MockEngine

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A host header, what it says, and the tenant that it led to. Belongs to one event loop.
final class KnownHost {
    let text: String
    let name: HostName
    /// The tenant that the name led to, and how it stood then: as long as it stands so, the name still leads to it.
    private var led: (tenant: HostedTenant, standing: HostedTenant.Standing)?
    private var neighbourhood = Neighbourhood()

    init(_ bytes: UnsafeRawBufferPointer, baseDomain: String) {
        text = String(decoding: bytes, as: UTF8.self)
        name = HostName(authority: text, baseDomain: baseDomain)
    }

    func isSpelled(_ other: UnsafeRawBufferPointer) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { mine in
            guard mine.count == other.count, let mine = mine.baseAddress, let theirs = other.baseAddress else {
                return mine.isEmpty && other.isEmpty
            }
            return memcmp(mine, theirs, other.count) == 0
        } ?? false
    }

    /// The tenant that the name leads to; nil when it is not in memory or not open.
    func openTenant(_ reference: TenantReference, in directory: TenantDirectory) -> HostedTenant? {
        if let led, led.tenant.standing == led.standing { return led.tenant }
        led = directory.openTenant(reference)
        if let led { neighbourhood.note(led.tenant) }
        return led?.tenant
    }

    /// Has the memory brought near that the last request to the host needed.
    func prefetch() { neighbourhood.bringNear() }

    /// Remembers what a request to the host led to.
    func note(_ snapshot: Snapshot) { neighbourhood.note(snapshot) }
}

/// The hosts that one event loop has seen lately. Most connections have only one, but those of a balancer carry the
/// requests of many tenants.
final class KnownHosts {
    /// Hosts with the same hash share this many places; the one that came last is first.
    private static let ways = 2
    /// A power of two.
    private static let sets = 2048
    /// A longer host is not kept: what strangers send must not fill the memory.
    private static let longest = 128

    private var hosts = [KnownHost?](repeating: nil, count: sets * ways)

    func find(_ bytes: UnsafeRawBufferPointer, baseDomain: String) -> KnownHost {
        guard bytes.count <= Self.longest else { return KnownHost(bytes, baseDomain: baseDomain) }
        let first = (SeededHash.value(of: bytes.bindMemory(to: UInt8.self)) & (Self.sets - 1)) * Self.ways
        for place in first..<first + Self.ways {
            if let known = hosts[place], known.isSpelled(bytes) { return known }
        }
        let host = KnownHost(bytes, baseDomain: baseDomain)
        hosts[first + 1] = hosts[first]
        hosts[first] = host
        return host
    }
}
