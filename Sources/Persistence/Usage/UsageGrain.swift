package import Domain

/// The width of a step of usage, in UTC.
package enum UsageInterval: Sendable, Hashable, Comparable, CaseIterable {
    case minute, hour, day
    /// Thirty days, counted from 1970: no step that anybody asks for, but rows of which a year has few.
    case block

    package var microseconds: Int64 {
        switch self {
        case .minute: 60_000_000
        case .hour: 3_600_000_000
        case .day: 86_400_000_000
        case .block: 30 * 86_400_000_000
        }
    }

    /// The start of the step that `moment` lies in.
    package func start(of moment: Timestamp) -> Timestamp {
        let rest = moment.microseconds % microseconds
        return Timestamp(microseconds: moment.microseconds - (rest < 0 ? rest + microseconds : rest))
    }

    /// `moment` where a step begins, else the start of the next.
    package func end(of moment: Timestamp) -> Timestamp {
        let start = start(of: moment)
        return start == moment ? moment : Timestamp(microseconds: start.microseconds + microseconds)
    }
}

/// How wide the rows of a piece of `usage_metrics` are, as the table spells it.
enum UsageGrain: Int {
    /// Minutes that no wider row holds yet: whatever arrives becomes one of these.
    case fresh = 0
    /// Minutes that all wider rows hold too.
    case minute = 1
    case hour = 2
    case day = 3
    case block = 4

    /// The width of a row.
    var microseconds: Int64 {
        switch self {
        case .fresh, .minute: UsageInterval.minute.microseconds
        case .hour: UsageInterval.hour.microseconds
        case .day: UsageInterval.day.microseconds
        case .block: UsageInterval.block.microseconds
        }
    }
}

/// Which stored rows make up a stretch of time: blocks and days where whole ones lie in it, hours and minutes at its ends.
/// Rows of grain `fresh` belong to it in any case.
///
/// Minutes and then hours are forgotten with time; where they are gone the stretch is widened to what is left.
struct UsageCover {
    struct Piece: Equatable {
        let grain: UsageGrain
        let from: Timestamp
        let to: Timestamp
    }

    let from: Timestamp
    /// Not included.
    let to: Timestamp
    let pieces: [Piece]

    /// - Parameters:
    ///   - firstMinute: the day from which on minutes are stored; nil when none have been forgotten.
    ///   - firstHour: the same for hours; not after `firstMinute`.
    ///   - firstBlock: the first block that is stored; nil when none is.
    ///   - widest: the widest rows that the question can use.
    init(
        from: Timestamp, to: Timestamp, firstMinute: Timestamp?, firstHour: Timestamp?, firstBlock: Timestamp?,
        widest: UsageInterval
    ) {
        func width(at moment: Timestamp) -> UsageInterval {
            if let firstHour, moment < firstHour { return .day }
            if let firstMinute, moment < firstMinute { return .hour }
            return .minute
        }
        let from = width(at: from).start(of: from)
        let to = max(from, width(at: to).end(of: to))
        (self.from, self.to) = (from, to)
        var pieces: [Piece] = []
        func add(_ grain: UsageGrain, _ from: Timestamp, _ to: Timestamp) {
            if from < to { pieces.append(Piece(grain: grain, from: from, to: to)) }
        }
        // Where nothing finer is stored, a question for finer steps gets the wider ones.
        let minutes = firstMinute.map { min(max(from, $0), to) } ?? from
        let hours = firstHour.map { min(max(from, $0), minutes) } ?? from
        func addDays(_ from: Timestamp, _ to: Timestamp) {
            guard widest == .block, let firstBlock else { return add(.day, from, to) }
            let (first, last) = (max(firstBlock, UsageInterval.block.end(of: from)), UsageInterval.block.start(of: to))
            guard first < last else { return add(.day, from, to) }
            add(.day, from, first)
            add(.block, first, last)
            add(.day, last, to)
        }
        func addHours(_ from: Timestamp, _ to: Timestamp) {
            guard widest >= .day else { return add(.hour, from, to) }
            let (first, last) = (UsageInterval.day.end(of: from), UsageInterval.day.start(of: to))
            guard first < last else { return add(.hour, from, to) }
            add(.hour, from, first)
            addDays(first, last)
            add(.hour, last, to)
        }
        func addMinutes(_ from: Timestamp, _ to: Timestamp) {
            guard widest != .minute else { return add(.minute, from, to) }
            let (first, last) = (UsageInterval.hour.end(of: from), UsageInterval.hour.start(of: to))
            guard first < last else { return add(.minute, from, to) }
            add(.minute, from, first)
            addHours(first, last)
            add(.minute, last, to)
        }
        addDays(from, hours)
        addHours(hours, minutes)
        addMinutes(minutes, to)
        self.pieces = pieces
    }
}
