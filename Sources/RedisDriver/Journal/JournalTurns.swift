/// The lines that have got entries since they were sent, and which of them may be sent now. A line that was full when it was
/// sent rests: most of what its workspace answers next will never be read, and the longer it gathers, the more of it is
/// never sent at all. The others do not wait for it.
struct JournalTurns {
    typealias Instant = ContinuousClock.Instant

    private var lines: [JournalLine] = []
    private var rests: [JournalKey: Instant] = [:]

    var isEmpty: Bool { lines.isEmpty }

    /// All of them, resting ones included.
    var waiting: [JournalLine] { lines }

    /// The line has got its first entry since it was sent.
    mutating func add(_ line: JournalLine) { lines.append(line) }

    mutating func rest(_ key: JournalKey, until end: Instant) { rests[key] = end }

    /// Takes those out that may be sent now.
    ///
    /// - Parameter awaited: journals that somebody waits for, who does not let them rest; nil: all are.
    mutating func takeDue(at now: Instant, awaited: Set<JournalKey>?) -> [JournalLine] {
        rests = rests.filter { $0.value > now }
        let isDue = { [rests] (line: JournalLine) in
            (awaited?.contains(line.key) ?? true) || rests[line.key] == nil
        }
        let due = lines.filter(isDue)
        lines.removeAll(where: isDue)
        return due
    }

    /// How long all lines that have entries still rest; nil when one may be sent now, or none has any.
    func timeUntilDue(at now: Instant) -> Duration? {
        let ends = lines.map { rests[$0.key] ?? now }
        guard let first = ends.min(), first > now else { return nil }
        return first - now
    }
}
