extension RoutePattern {
    /// The parameters of a path in normal form that this pattern is known to match, decoded, from the left.
    package func captures(in path: String) -> [(name: String, value: String)] {
        guard hasParameters else { return [] }
        let parts = path.utf8.split(separator: PathEncoding.slash)
        var result: [(name: String, value: String)] = []
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .parameter(let name):
                result.append((name, FormEncoding.percentDecode(Substring(part))))
            case .mixed(let literals, let names):
                result += zip(names, Self.values(literals, Array(part))).map { ($0, $1) }
            case .literal, .wildcard, .tail: break
            }
        }
        return result
    }

    /// Whether a path in normal form has this pattern's shape.
    package func matches(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: PathEncoding.slash)
        let isOpenEnded = segments.last == .tail
        guard isOpenEnded ? parts.count >= segments.count - 1 : parts.count == segments.count else { return false }
        return zip(segments, parts).allSatisfy { $0.matches(Array($1)) }
    }

    private static func values(_ literals: [[UInt8]], _ part: [UInt8]) -> [String] {
        var shapes = SegmentShapes()
        let shape = shapes.add(literals)
        var values: [String] = []
        _ = part.withUnsafeBufferPointer { bytes in
            shapes.match(shape, bytes) { range in
                values.append(FormEncoding.percentDecode(Substring(String(decoding: bytes[range], as: UTF8.self))))
            }
        }
        return values
    }
}

extension RoutePattern.Segment {
    /// Whether one segment of a path in normal form fits.
    func matches(_ part: [UInt8]) -> Bool {
        switch self {
        case .literal(let bytes): return bytes == part
        case .mixed(let literals, _):
            var shapes = SegmentShapes()
            let shape = shapes.add(literals)
            return part.withUnsafeBufferPointer { shapes.match(shape, $0) }
        case .parameter, .wildcard, .tail: return true
        }
    }
}
