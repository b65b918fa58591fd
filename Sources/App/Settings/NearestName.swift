/// Finds what somebody probably meant.
enum NearestName {
    /// The candidate with the fewest edits, when they are few enough for a slip of the finger.
    static func suggestion(for name: String, among candidates: [String]) -> String? {
        let allowed = max(1, name.count / 3)
        return candidates.map { (name: $0, edits: edits(from: name, to: $0)) }
            .filter { $0.edits <= allowed }
            .min { $0.edits < $1.edits }?.name
    }

    /// "; did you mean "x"?", or nothing.
    static func hint(for name: String, among candidates: [String]) -> String {
        suggestion(for: name, among: candidates).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// Insertions, deletions, replacements and swaps of neighbours.
    private static func edits(from left: String, to right: String) -> Int {
        let (left, right) = (Array(left.prefix(100)), Array(right.prefix(100)))
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for i in left.indices {
            var current = [i + 1]
            for j in right.indices {
                var best = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, beforePrevious[j - 1] + 1)
                }
                current.append(best)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
