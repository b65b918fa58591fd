/// The literal parts of segments such as `{name}.json` and `{a}-{b}`, all in flat arrays.
///
/// Every parameter takes at least one byte, and each literal is taken at its first place, which finds a match whenever
/// there is one.
struct SegmentShapes: Sendable {
    private var bytes: [UInt8] = []
    /// Of each literal, as `TextSearch` has them.
    private var borders: [Int] = []
    /// Where literal `i` ends in `bytes`; it begins where the one before it ends.
    private var literalEnds: [Int] = []
    /// The first literal of each shape; one more entry than there are shapes.
    private var firstLiterals: [Int] = [0]

    /// Adds a shape of at least two literals and gives its number.
    mutating func add(_ literals: [[UInt8]]) -> Int {
        for literal in literals {
            bytes += literal
            borders += TextSearch.borders(of: literal)
            literalEnds.append(bytes.count)
        }
        firstLiterals.append(literalEnds.count)
        return firstLiterals.count - 2
    }

    /// Whether `segment` has the shape; `capture` gets the range of each parameter, from the left, also on the way to a
    /// failure.
    func match(_ shape: Int, _ segment: UnsafeBufferPointer<UInt8>, capture: (Range<Int>) -> Void = { _ in }) -> Bool {
        let first = firstLiterals[shape]
        let last = firstLiterals[shape + 1] - 1
        let prefix = length(of: first)
        let suffixStart = segment.count - length(of: last)
        guard prefix < suffixStart, literal(first, isIn: segment, at: 0), literal(last, isIn: segment, at: suffixStart),
            !Self.isInsideEscape(segment, suffixStart)
        else { return false }
        var position = prefix
        for inner in (first + 1)..<last {
            guard let found = find(inner, in: segment, from: position + 1, to: suffixStart) else { return false }
            capture(position..<found)
            position = found + length(of: inner)
        }
        guard position < suffixStart else { return false }
        capture(position..<suffixStart)
        return true
    }

    private func start(of literal: Int) -> Int { literal == 0 ? 0 : literalEnds[literal - 1] }

    private func length(of literal: Int) -> Int { literalEnds[literal] - start(of: literal) }

    private func literal(_ literal: Int, isIn segment: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        let start = start(of: literal)
        for offset in 0..<length(of: literal) where segment[position + offset] != bytes[start + offset] { return false }
        return true
    }

    /// Linear, so that repetitive literals and requests do not multiply.
    private func find(_ literal: Int, in segment: UnsafeBufferPointer<UInt8>, from: Int, to: Int) -> Int? {
        let start = start(of: literal)
        let length = length(of: literal)
        var matched = 0
        var index = from
        while index < to {
            while matched > 0, segment[index] != bytes[start + matched] { matched = borders[start + matched - 1] }
            if segment[index] == bytes[start + matched] { matched += 1 }
            index += 1
            if matched == length {
                if !Self.isInsideEscape(segment, index - length) { return index - length }
                matched = borders[start + length - 1]
            }
        }
        return nil
    }

    /// Whether `index` splits an escape such as `%2F`, whose digits are not text.
    private static func isInsideEscape(_ segment: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
        index < segment.count
            && (index >= 1 && segment[index - 1] == PathEncoding.percent
                || index >= 2 && segment[index - 2] == PathEncoding.percent)
    }
}
