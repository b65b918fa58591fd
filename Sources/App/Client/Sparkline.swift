/// A row of numbers as a small chart of bars, one character each.
enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")

    /// Zero is the lowest bar and the greatest number the highest.
    static func text(_ values: [Int]) -> String {
        guard let greatest = values.max(), greatest > 0 else { return String(repeating: "▁", count: values.count) }
        return String(values.map { bars[max(0, $0) * (bars.count - 1) / greatest] })
    }
}
