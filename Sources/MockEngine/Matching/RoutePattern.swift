/// The path of a route, such as `/users/{id}`, `/files/{name}.json`, `/teams/*/members` or `/assets/**`.
package struct RoutePattern: Sendable, Hashable {
    /// Why a text is no route path; the message says what to do instead.
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package let message: String
        package var description: String { message }
    }

    /// Literals are in the normal form of `RequestPath`.
    enum Segment: Sendable, Hashable {
        case literal([UInt8])
        /// `literals[0] {names[0]} literals[1] {names[1]} …`: one literal more than names; only the outer ones may be empty.
        case mixed(literals: [[UInt8]], names: [String])
        case parameter(String)
        case wildcard
        /// Any number of segments, also none; always the last.
        case tail
    }

    /// A base path and a route's own path together.
    package static let maximalSegments = 60
    /// In bytes.
    package static let maximalLength = 4000

    /// As it was written.
    package let text: String
    let segments: [Segment]
    let hasParameters: Bool

    /// The names of the parameters, from the left.
    package var parameterNames: [String] { segments.flatMap(Self.names) }

    package init(_ text: String) throws(Refusal) {
        guard text.utf8.first == PathEncoding.slash else { throw Refusal(message: "must begin with \"/\"") }
        guard text.utf8.count <= Self.maximalLength else {
            throw Refusal(message: "must have at most \(Self.maximalLength) bytes, has \(text.utf8.count)")
        }
        let parts = text.utf8.split(separator: PathEncoding.slash)
        guard parts.count <= Self.maximalSegments else {
            throw Refusal(message: "must have at most \(Self.maximalSegments) segments, has \(parts.count)")
        }
        var segments: [Segment] = []
        var names: Set<String> = []
        for (index, part) in parts.enumerated() {
            let segment = try Self.segment(Array(part))
            if segment == .tail, index < parts.count - 1 {
                throw Refusal(message: "may hold \"**\" only as its last segment")
            }
            segments.append(segment)
            for name in Self.names(of: segment) where !names.insert(name).inserted {
                throw Refusal(message: "has the parameter \"{\(name)}\" twice; names must differ")
            }
        }
        self.text = text
        self.segments = segments
        hasParameters = !names.isEmpty
    }

    private static func names(of segment: Segment) -> [String] {
        switch segment {
        case .mixed(_, let names): names
        case .parameter(let name): [name]
        case .literal, .wildcard, .tail: []
        }
    }

    private static func segment(_ bytes: [UInt8]) throws(Refusal) -> Segment {
        if bytes == [UInt8(ascii: "*")] { return .wildcard }
        if bytes == [UInt8(ascii: "*"), UInt8(ascii: "*")] { return .tail }
        var literals: [[UInt8]] = []
        var names: [String] = []
        var plain = 0
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "}"):
                throw Refusal(message: "has a \"}\" without a \"{\" before it; write %7D for the character itself")
            case UInt8(ascii: "{"):
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                    throw Refusal(
                        message: "has a \"{\" without a \"}\" in the same segment; write %7B for the character itself")
                }
                if !names.isEmpty, plain == index {
                    throw Refusal(message: "has two parameters with nothing between them; put a character between")
                }
                literals.append(try literal(bytes[plain..<index]))
                names.append(try name(bytes[(index + 1)..<end]))
                index = end + 1
                plain = index
            default:
                index += 1
            }
        }
        let last = try literal(bytes[plain...])
        if names.isEmpty {
            if last == [PathEncoding.dot] || last == [PathEncoding.dot, PathEncoding.dot] {
                throw Refusal(
                    message:
                        "must not have the segments \".\" and \"..\": requests are resolved before they are matched")
            }
            return .literal(last)
        }
        literals.append(last)
        return literals == [[], []] ? .parameter(names[0]) : .mixed(literals: literals, names: names)
    }

    private static func name(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> String {
        let name = String(decoding: bytes, as: UTF8.self)
        guard !name.isEmpty, !name.contains("{") else {
            throw Refusal(message: "has a parameter without a proper name; write \"{name}\"")
        }
        return name
    }

    private static func literal(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> [UInt8] {
        guard !bytes.isEmpty else { return [] }
        if let character = bytes.first(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) {
            let text = character == UInt8(ascii: "?") ? "?" : "#"
            throw Refusal(message: "must not have \"\(text)\"; a query is matched by \"match.query\"")
        }
        // A frame keeps dots beside a parameter from being read as a dot segment; "~" ends a cut escape for certain.
        let framed = "/~" + String(decoding: bytes, as: UTF8.self) + "~"
        do {
            return Array(try RequestPath.normalise(framed).utf8.dropFirst(2).dropLast())
        } catch {
            throw Refusal(message: "is not acceptable: \(error)")
        }
    }
}
