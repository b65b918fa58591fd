/// HTTP methods as bits: one for each of the first 62 that a table names, one for `ANY`, one for all others.
struct RouteMethods: Sendable {
    private var names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

    static let every = UInt64.max
    static let any: UInt64 = 1 << 62
    /// Stands for several methods: whoever meets it compares names.
    static let other: UInt64 = 1 << 63
    private static let get: UInt64 = 1 << 0
    private static let head: UInt64 = 1 << 1

    /// The bits of a route's methods.
    mutating func bits(of methods: MethodSet) -> UInt64 {
        guard case .some(let list) = methods else { return Self.every }
        var bits: UInt64 = 0
        for name in list {
            if !names.contains(name), names.count < 62 { names.append(name) }
            bits |= bit(of: name)
        }
        return bits
    }

    /// The bits by which a request finds its routes: HEAD finds those of GET too.
    func requestBits(_ method: String) -> UInt64 {
        let bit = bit(of: method)
        return bit == Self.head ? Self.head | Self.get : bit
    }

    /// The names of `bits`, except of `other`; HEAD where GET is.
    func names(of bits: UInt64) -> [String] {
        let bits = bits & Self.get != 0 ? bits | Self.head : bits
        return names.indices.filter { bits & (1 << UInt64($0)) != 0 }.map { names[$0] }
    }

    /// True when the route takes HEAD but not GET: for a HEAD request it stands before its equals.
    static func prefersHead(_ bits: UInt64) -> Bool { bits & (get | head) == head }

    private func bit(of name: String) -> UInt64 {
        for index in names.indices where names[index] == name { return 1 << UInt64(index) }
        return Self.other
    }
}
