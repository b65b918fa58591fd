#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The host header of a connection's last request and what it says: most connections have only one.
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
