package import NIOCore

/// The addresses of proxies whose forwarding headers are believed.
package struct TrustedProxies: Sendable {
    /// A text that is neither an address nor a range.
    package struct InvalidRange: Error, Sendable, Hashable, CustomStringConvertible {
        package let text: String

        package init(text: String) { self.text = text }

        package var description: String {
            "\"\(text)\" is not an IP address or a range such as 10.0.0.0/8 or fd00::/8"
        }
    }

    private struct Range: Sendable {
        let bytes: [UInt8]
        let bits: Int

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == bytes.count else { return false }
            let whole = bits / 8
            guard address[..<whole] == bytes[..<whole] else { return false }
            let rest = bits % 8
            return rest == 0 || (address[whole] ^ bytes[whole]) >> UInt8(8 - rest) == 0
        }
    }

    private let ranges: [Range]

    package static let none = TrustedProxies(ranges: [])

    private init(ranges: [Range]) { self.ranges = ranges }

    package init(_ texts: [String]) throws(InvalidRange) {
        var ranges: [Range] = []
        for text in texts {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let bytes = Self.bytes(of: String(parts[0])) else { throw InvalidRange(text: text) }
            var bits = bytes.count * 8
            if parts.count == 2 {
                guard let given = Int(parts[1]), (0...bits).contains(given) else { throw InvalidRange(text: text) }
                bits = given
            }
            ranges.append(Range(bytes: bytes, bits: bits))
        }
        self.ranges = ranges
    }

    package var isEmpty: Bool { ranges.isEmpty }

    /// Whether the peer of a connection is one of the proxies.
    package func contain(_ peer: SocketAddress?) -> Bool {
        guard !ranges.isEmpty, let peer, let bytes = Self.bytes(of: peer) else { return false }
        return ranges.contains { $0.contains(bytes) }
    }

    private static func bytes(of text: String) -> [UInt8]? {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        return bytes(of: address)
    }

    /// An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    private static func bytes(of address: SocketAddress) -> [UInt8]? {
        switch address {
        case .v4(let address):
            // After the family and the port, both in two bytes.
            return withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
        case .v6(let address):
            // After the family, the port and the flow label in four bytes.
            let bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
            let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            return bytes.starts(with: mappedPrefix) ? Array(bytes.suffix(4)) : bytes
        case .unixDomainSocket:
            return nil
        }
    }
}
