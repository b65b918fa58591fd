/// What a `Host` header alone says.
package enum HostName: Sendable, Hashable {
    /// The base domain, `localhost`, an IP address, or a name that is not below the base domain: the path decides.
    case base
    /// `api.` and the other reserved names below the base domain.
    case control
    case tenant(TenantReference, workspace: String?)
    /// Below the base domain, but no tenant can have that name.
    case unknown

    private static let dot = UInt8(ascii: ".")
    private static let hyphen = UInt8(ascii: "-")

    /// - Parameters:
    ///   - authority: the host with or without a port, in any case, with or without a dot at the end.
    ///   - baseDomain: in lower case.
    package init(authority: String, baseDomain: String) {
        var authority = authority
        var base = baseDomain
        self = authority.withUTF8 { authority in
            base.withUTF8 { base in Self.read(authority[...], base: base) }
        }
    }

    private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    private static func read(_ authority: Bytes, base: UnsafeBufferPointer<UInt8>) -> HostName {
        // An IPv6 address is in brackets and is never below a domain.
        if authority.first == UInt8(ascii: "[") { return .base }
        var host = authority
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) { host = host[..<colon] }
        if host.last == dot { host.removeLast() }
        guard host.count > base.count, isEqual(host.suffix(base.count), base) else { return .base }
        let label = host.dropLast(base.count)
        guard label.last == dot else { return .base }
        return read(label: label.dropLast())
    }

    private static func read(label: Bytes) -> HostName {
        let text = lowercased(label)
        if Subdomains.reserved.contains(text) { return .control }
        guard let separator = doubleHyphen(in: label) else {
            return reference(text).map { .tenant($0, workspace: nil) } ?? .unknown
        }
        let workspace = lowercased(label[..<separator])
        guard Subdomains.isSlug(workspace), let tenant = reference(lowercased(label[(separator + 2)...])) else {
            return .unknown
        }
        return .tenant(tenant, workspace: workspace)
    }

    private static func reference(_ text: String) -> TenantReference? {
        if text.hasPrefix("tenant-") {
            let id = String(text.dropFirst(7))
            return Subdomains.isTenantID(id) ? TenantReference(.id, id) : nil
        }
        return Subdomains.isSubdomain(text) ? TenantReference(.subdomain, text) : nil
    }

    private static func doubleHyphen(in label: Bytes) -> Int? {
        var index = label.startIndex
        while index + 1 < label.endIndex {
            if label[index] == hyphen, label[index + 1] == hyphen { return index }
            index += 1
        }
        return nil
    }

    private static func isEqual(_ text: Bytes, _ lowerCase: UnsafeBufferPointer<UInt8>) -> Bool {
        zip(text, lowerCase).allSatisfy { folded($0) == $1 }
    }

    private static func lowercased(_ bytes: Bytes) -> String {
        String(decoding: bytes.lazy.map(folded), as: UTF8.self)
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
