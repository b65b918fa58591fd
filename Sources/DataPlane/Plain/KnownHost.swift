import CPrefetch
import MockEngine

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A host header, what it says, and the tenant that it led to: one place of `KnownHosts`, good until the next host is looked
/// for there.
struct KnownHost: Equatable {
    fileprivate let place: UnsafeMutablePointer<KnownHostPlace>

    var text: String { place.pointee.withReading { $0.text } }
    var name: HostName { place.pointee.withReading { $0.name } }

    /// The slug of the workspace that the host names; nil for the tenant's default.
    var workspace: String? {
        guard place.pointee.namesWorkspace, case .tenant(_, let workspace) = name else { return nil }
        return workspace
    }

    /// The tenant that the name leads to; nil when it leads to none that is in memory and open. The host keeps the tenant
    /// until it is asked again, so that nobody has to count a reference.
    func openTenant(in directory: TenantDirectory) -> Unmanaged<HostedTenant>? {
        if let led = place.pointee.led, led.tenant._withUnsafeGuaranteedRef({ $0.standing == led.standing }) {
            return led.tenant
        }
        return lead(in: directory)
    }

    private func lead(in directory: TenantDirectory) -> Unmanaged<HostedTenant>? {
        guard case .tenant(let reference, _) = name else { return nil }
        place.pointee.lead(to: directory.openTenant(reference))
        return place.pointee.led?.tenant
    }

    /// Has the memory brought near that the last request to the host needed, and what a request to the path will need.
    func prefetch(_ path: UnsafeBufferPointer<UInt8>) { place.pointee.neighbourhood.bringNear(path) }

    /// Remembers what a request to the host led to.
    func note(_ snapshot: Snapshot, of tenant: HostedTenant) {
        place.pointee.neighbourhood.note(snapshot, of: tenant)
    }
}

/// What is known of one host. All that the next request to it needs stands here, in five cache lines; a place of zeros is
/// free.
private struct KnownHostPlace {
    var length: Int32
    var namesWorkspace: Bool
    /// The first bytes of the text.
    var start: InlineArray<40, UInt8>
    /// Owned: the tenant that the name led to, and how it stood then; as long as it stands so, the name still leads to it.
    var led: (tenant: Unmanaged<HostedTenant>, standing: HostedTenant.Standing)?
    var neighbourhood: Neighbourhood
    /// Owned.
    var reading: Unmanaged<Reading>?

    /// What needs to be looked at seldom.
    final class Reading {
        let text: String
        let name: HostName

        init(_ bytes: UnsafeRawBufferPointer, baseDomain: String) {
            text = String(decoding: bytes, as: UTF8.self)
            name = HostName(authority: text, baseDomain: baseDomain)
        }
    }

    init(_ bytes: UnsafeRawBufferPointer, baseDomain: String) {
        length = Int32(bytes.count)
        start = InlineArray(repeating: 0)
        for index in 0..<min(bytes.count, start.count) { start[index] = bytes[index] }
        neighbourhood = Neighbourhood()
        let reading = Reading(bytes, baseDomain: baseDomain)
        namesWorkspace = if case .tenant(_, .some) = reading.name { true } else { false }
        self.reading = .passRetained(reading)
    }

    /// Gives back what the place owns.
    func release() {
        led?.tenant.release()
        reading?.release()
    }

    mutating func lead(to found: (tenant: HostedTenant, standing: HostedTenant.Standing)?) {
        let old = led
        led = found.map { (.passRetained($0.tenant), $0.standing) }
        if let found { neighbourhood.note(found.tenant) }
        old?.tenant.release()
    }

    func withReading<Result>(_ body: (Reading) -> Result) -> Result {
        guard let reading else { preconditionFailure("a free place is nobody's host") }
        return reading._withUnsafeGuaranteedRef(body)
    }

    mutating func isSpelled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard reading != nil, Int(length) == bytes.count else { return false }
        guard let other = bytes.baseAddress else { return true }
        let isSame = withUnsafeBytes(of: &start) { mine in
            mine.baseAddress.map { memcmp($0, other, min(bytes.count, mine.count)) == 0 } ?? false
        }
        return isSame && (bytes.count <= start.count || withReading { $0.text.utf8.elementsEqual(bytes) })
    }
}

/// The hosts that one event loop has seen lately: connections of a balancer carry the requests of many tenants.
final class KnownHosts {
    /// Hosts with the same hash share this many places; the one that came last is first.
    private static let ways = 2
    /// A power of two.
    private static let sets = 2048
    /// A longer host is not kept: what strangers send must not fill the memory.
    private static let longest = 128
    /// Places begin at a multiple of it.
    private static let line = 64
    private static let stride = (MemoryLayout<KnownHostPlace>.stride + line - 1) / line * line
    /// The place behind the sets, of a host that is not kept.
    private static let unkept = sets * ways

    private let baseDomain: String
    private let memory: UnsafeMutableRawPointer

    init(baseDomain: String) {
        self.baseDomain = baseDomain
        // As zeros that the system gives, so that places take memory only when they are used.
        guard let zeros = calloc((Self.unkept + 1) * Self.stride + Self.line, 1) else {
            preconditionFailure("there is memory for the hosts of an event loop")
        }
        memory = zeros
    }

    deinit {
        for index in 0...Self.unkept { place(index).pointee.release() }
        free(memory)
    }

    func find(_ bytes: UnsafeRawBufferPointer) -> KnownHost {
        guard bytes.count <= Self.longest else {
            let unkept = place(Self.unkept)
            unkept.pointee.release()
            return fill(unkept, bytes)
        }
        let first = (SeededHash.value(of: bytes.bindMemory(to: UInt8.self)) & (Self.sets - 1)) * Self.ways
        let newest = place(first)
        mockforge_prefetch_lines(newest, Int32(Self.stride / Self.line))
        if newest.pointee.isSpelled(bytes) { return KnownHost(place: newest) }
        let older = place(first + 1)
        if older.pointee.isSpelled(bytes) { return KnownHost(place: older) }
        older.pointee.release()
        older.pointee = newest.pointee
        return fill(newest, bytes)
    }

    private func fill(_ place: UnsafeMutablePointer<KnownHostPlace>, _ bytes: UnsafeRawBufferPointer) -> KnownHost {
        place.pointee = KnownHostPlace(bytes, baseDomain: baseDomain)
        return KnownHost(place: place)
    }

    private func place(_ index: Int) -> UnsafeMutablePointer<KnownHostPlace> {
        (memory.alignedUp(toMultipleOf: Self.line) + index * Self.stride)
            .assumingMemoryBound(to: KnownHostPlace.self)
    }
}
