import MockEngine

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A host header and what it says.
final class KnownHost: Sendable {
    let text: String
    let name: HostName
    private let bytes: [UInt8]

    init(_ bytes: UnsafeRawBufferPointer, baseDomain: String) {
        self.bytes = Array(bytes)
        text = String(decoding: bytes, as: UTF8.self)
        name = HostName(authority: text, baseDomain: baseDomain)
    }

    func isSpelled(_ other: UnsafeRawBufferPointer) -> Bool {
        bytes.withUnsafeBytes { bytes in
            guard bytes.count == other.count, let mine = bytes.baseAddress, let theirs = other.baseAddress else {
                return false
            }
            return memcmp(mine, theirs, bytes.count) == 0
        }
    }
}

/// The hosts that one event loop has seen lately. Most connections have only one, but those of a balancer carry the
/// requests of many tenants, and the journal keeps the host of each.
final class KnownHosts {
    /// A power of two. Hosts of the same place take turns in it, which costs no more than having no such table.
    private static let places = 1024
    /// A longer host is not kept: what strangers send must not fill the memory.
    private static let longest = 128

    private var hosts = [KnownHost?](repeating: nil, count: places)

    func find(_ bytes: UnsafeRawBufferPointer, baseDomain: String) -> KnownHost {
        guard bytes.count <= Self.longest else { return KnownHost(bytes, baseDomain: baseDomain) }
        let place = SeededHash.value(of: bytes.bindMemory(to: UInt8.self)) & (Self.places - 1)
        if let known = hosts[place], known.isSpelled(bytes) { return known }
        let host = KnownHost(bytes, baseDomain: baseDomain)
        hosts[place] = host
        return host
    }
}
