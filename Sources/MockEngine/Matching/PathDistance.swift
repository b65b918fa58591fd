/// How far paths of routes are from the path of one request, by the fewest changed, missing and surplus segments.
struct PathDistance {
    /// Segments that are compared; of longer paths only the beginning is.
    private static let segmentLimit = 24
    /// Bytes of a segment that are compared.
    private static let byteLimit = 64
    /// A segment that is missing, surplus or altogether another one.
    static let segmentCost = 6
    /// A segment that looks like a slip of the pen.
    private static let slipCost = 2

    private let segments: [[UInt8]]

    init(to path: String) {
        segments = path.utf8.split(separator: PathEncoding.slash).prefix(Self.segmentLimit).map { Array($0) }
    }

    var firstSegment: [UInt8]? { segments.first }

    /// Nil where no literal of the pattern is in the path, not even nearly.
    func distance(of pattern: RoutePattern) -> Int? {
        let wanted = pattern.segments.prefix(Self.segmentLimit)
        // The classic table of edit distances, one row for each segment of the pattern.
        var row = (0...segments.count).map { $0 * Self.segmentCost }
        var isAlike = !wanted.contains(where: \.hasLiteral)
        for segment in wanted {
            if segment == .tail {
                // Whatever is left over is the tail's.
                for index in row.indices.dropFirst() { row[index] = min(row[index], row[index - 1]) }
                continue
            }
            var diagonal = row[0]
            row[0] += Self.segmentCost
            for (index, present) in segments.enumerated() {
                let cost = Self.cost(of: present, for: segment)
                if cost <= Self.slipCost, segment.hasLiteral { isAlike = true }
                let changed = diagonal + cost
                diagonal = row[index + 1]
                row[index + 1] = min(changed, row[index] + Self.segmentCost, diagonal + Self.segmentCost)
            }
        }
        let distance = row[segments.count]
        let farthest = max(wanted.count, segments.count) * Self.segmentCost
        return isAlike && distance < farthest || distance == 0 ? distance : nil
    }

    private static func cost(of present: [UInt8], for wanted: RoutePattern.Segment) -> Int {
        switch wanted {
        case .parameter, .wildcard, .tail: 0
        case .mixed: wanted.matches(present) ? 0 : slipCost * 2
        case .literal(let bytes): cost(of: present, for: bytes)
        }
    }

    private static func cost(of present: [UInt8], for wanted: [UInt8]) -> Int {
        if present == wanted { return 0 }
        let longest = min(max(present.count, wanted.count), byteLimit)
        let common = zip(present, wanted).prefix { $0 | 0x20 == $1 | 0x20 }.count
        let rest = zip(present.dropFirst(common).reversed(), wanted.dropFirst(common).reversed())
        let alike = common + rest.prefix { $0 | 0x20 == $1 | 0x20 }.count
        return alike * 2 > longest ? slipCost : segmentCost
    }
}

extension RoutePattern.Segment {
    fileprivate var hasLiteral: Bool {
        switch self {
        case .literal, .mixed: true
        case .parameter, .wildcard, .tail: false
        }
    }
}
