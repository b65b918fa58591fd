package import Domain

extension UsageRepository {
    /// The stretch of time that a question about `filter` is answered for: wider than asked where only hours or days are
    /// left of it.
    package func span(_ filter: UsageFilter) throws -> (from: Timestamp, to: Timestamp) {
        let cover = try cover(filter, widest: .day)
        return (cover.from, cover.to)
    }

    package func totals(_ filter: UsageFilter) throws -> UsageTotals {
        try groups(filter, by: []).first?.value ?? UsageTotals()
    }

    /// Sums for each combination of the dimensions that has any usage.
    ///
    /// - Parameter hasDurations: false leaves the histograms empty, which is quicker.
    package func groups(
        _ filter: UsageFilter, by dimensions: [UsageDimension], durations hasDurations: Bool = true
    ) throws -> [UsageGroup: UsageTotals] {
        let question = Question(filter, dimensions, hasDurations: hasDurations)
        let pieces = try pieces(filter, widest: question.widest)
        let (rows, parameters) = joined("UNION ALL", question, pieces, question.rows)
        var result: [UsageGroup: UsageTotals] = [:]
        for row in try sql.query(question.sums(over: rows), parameters) {
            let (group, totals) = try question.read(row)
            result[group] = totals
        }
        return result
    }

    /// How many combinations of the dimensions have any usage: what `groups` would give, counted without adding anything up.
    ///
    /// Pieces whose rows are as wide as the steps asked for have no step in common with another piece but the fresh one, so
    /// each is counted for itself, in the order of the table's index. Only what is left has to be told apart from them.
    ///
    package func groupCount(_ filter: UsageFilter, by dimensions: [UsageDimension]) throws -> Int {
        let question = Question(filter, dimensions, hasDurations: false)
        let pieces = try pieces(filter, widest: question.widest)
        let (whole, parts) = (pieces.filter(question.isWhole), pieces.filter { !question.isWhole($0) })
        var (rest, parameters) = joined("UNION", question, parts, question.keys)
        for piece in whole {
            let keys = question.keys(piece, after: parameters.count)
            parameters += question.parameters(piece)
            let first = question.firstStep(pieces[0], after: parameters.count)
            parameters += question.parameters(pieces[0])
            rest += " EXCEPT \(keys) AND start_at >= (\(first))"
        }
        var numbers = ["(SELECT COUNT(*) FROM (\(rest)) AS rest)"]
        for (index, piece) in whole.enumerated() {
            let keys = question.keys(piece, after: parameters.count, isDistinct: true)
            numbers.append("(SELECT COUNT(*) FROM (\(keys)) AS whole\(index))")
            parameters += question.parameters(piece)
        }
        return try sql.first("SELECT \(numbers.joined(separator: " + ")) AS number", parameters)?.integer("number") ?? 0
    }

    /// How many different routes answered.
    package func uniqueRoutes(_ filter: UsageFilter) throws -> Int {
        let question = Question(filter, [.route], hasDurations: false)
        let pieces = try pieces(filter, widest: question.widest)
        let (routes, parameters) = joined("UNION", question, pieces) { piece, before in
            "SELECT route_id FROM \(Self.table) WHERE \(question.condition(after: before)) AND route_id <> ''"
        }
        let row = try sql.first("SELECT COUNT(*) AS number FROM (\(routes)) AS routes", parameters)
        return try row?.integer("number") ?? 0
    }

    /// One statement for all pieces of the time, since each costs a round trip to the database.
    ///
    /// - Parameter query: for one piece, with the number of parameters before its own.
    private func joined(
        _ word: String, _ question: Question, _ pieces: [UsageCover.Piece], _ query: (UsageCover.Piece, Int) -> String
    ) -> (statement: String, parameters: [SQLValue]) {
        var queries: [String] = []
        var parameters: [SQLValue] = []
        for piece in pieces {
            queries.append(query(piece, parameters.count))
            parameters += question.parameters(piece)
        }
        return (queries.joined(separator: " \(word) "), parameters)
    }

    /// The fresh one first.
    private func pieces(_ filter: UsageFilter, widest: UsageInterval) throws -> [UsageCover.Piece] {
        let cover = try cover(filter, widest: widest)
        return [UsageCover.Piece(grain: .fresh, from: cover.from, to: cover.to)] + cover.pieces
    }

    private func cover(_ filter: UsageFilter, widest: UsageInterval) throws -> UsageCover {
        let ends = try ends()
        guard let oldest = ends.first[.day], let newest = ends.newest else {
            return UsageCover(
                from: filter.from, to: filter.to, firstMinute: nil, firstHour: nil, firstBlock: nil, widest: widest)
        }
        func first(_ grain: UsageGrain) -> Timestamp? {
            // Where a grain has no row left, it is complete behind the last day that had any usage.
            let first = ends.first[grain] ?? newest + .seconds(86_400)
            return first <= oldest ? nil : first
        }
        return UsageCover(
            from: filter.from, to: filter.to, firstMinute: first(.minute), firstHour: first(.hour),
            firstBlock: ends.first[.block], widest: widest)
    }

    /// The first day that each grain has rows of, and the last that any has. Asked for once: all questions of a report are
    /// put in one transaction.
    private func ends() throws -> StoredEnds {
        if let known = known.ends { return known }
        func end(_ function: String, _ grain: UsageGrain, _ name: String) -> String {
            "(SELECT \(function)(start_at) FROM \(Self.table) WHERE grain = \(grain.rawValue)) AS \(name)"
        }
        let grains = [UsageGrain.minute, .hour, .day, .block]
        let firsts = grains.map { end("MIN", $0, "first_\($0.rawValue)") }
        let row = try sql.first(
            "SELECT \(firsts.joined(separator: ", ")), \(end("MAX", .day, "newest"))", [])
        func day(_ name: String) throws -> Timestamp? {
            guard let row, row[name] != .null else { return nil }
            return UsageInterval.day.start(of: try row.timestamp(name))
        }
        var ends = StoredEnds(newest: try day("newest"))
        for grain in grains { ends.first[grain] = try day("first_\(grain.rawValue)") }
        known.ends = ends
        return ends
    }
}

/// Where the stored rows of each grain begin, in whole days, and where those of days end.
struct StoredEnds {
    var first: [UsageGrain: Timestamp] = [:]
    let newest: Timestamp?
}

/// A question to the usage tables, which are asked once for each piece of the time that it is about.
private struct Question {
    let widest: UsageInterval
    private let filter: UsageFilter
    private let dimensions: [UsageDimension]
    private let hasDurations: Bool
    private let selected: [String]
    private let hasSteps: Bool
    /// The start of the step that a row belongs to.
    private let step: String
    private let needsRoutes: Bool

    init(_ filter: UsageFilter, _ dimensions: [UsageDimension], hasDurations: Bool) {
        self.filter = filter
        self.dimensions = dimensions
        self.hasDurations = hasDurations
        var widest = UsageInterval.block
        var needsRoutes = filter.mock != nil
        selected = dimensions.flatMap { dimension -> [String] in
            switch dimension {
            case .workspace: return ["workspace_id"]
            case .mock:
                needsRoutes = true
                return ["workspace_id", "mock_id"]
            case .route:
                needsRoutes = true
                return ["workspace_id", "mock_id", "route_id"]
            case .status: return ["status_class"]
            case .time(let interval):
                widest = interval
                return [Self.step(interval)]
            }
        }
        self.widest = widest
        hasSteps = dimensions.contains { if case .time = $0 { true } else { false } }
        step = Self.step(widest)
        self.needsRoutes = needsRoutes
    }

    private static func step(_ width: UsageInterval) -> String { "start_at - start_at % \(width.microseconds)" }

    /// - Parameter before: how many parameters the statement has before those of this condition.
    func condition(after before: Int) -> String {
        var condition = "grain = $\(before + 1) AND start_at >= $\(before + 2) AND start_at < $\(before + 3)"
        var count = before + 3
        if filter.workspace != nil {
            count += 1
            condition += " AND workspace_id = $\(count)"
        }
        if filter.mock != nil { condition += " AND mock_id = $\(count + 1)" }
        return condition
    }

    func parameters(_ piece: UsageCover.Piece) -> [SQLValue] {
        [.init(piece.grain.rawValue), .init(piece.from), .init(piece.to)]
            + [filter.workspace?.text, filter.mock?.text].compactMap { $0.map(SQLValue.text) }
    }

    /// What is to be added up of a piece.
    func rows(_ piece: UsageCover.Piece, after before: Int) -> String {
        let list = named(selected) + UsageColumns.summed(durations: hasDurations)
        return "SELECT \(list.joined(separator: ", ")) FROM \(table(piece)) WHERE \(condition(after: before))"
    }

    /// The sums over the rows of all pieces. They are made once and not for each piece, since a database takes longer to
    /// read and plan forty sums than to make them.
    func sums(over rows: String) -> String {
        let keys = selected.indices.map { "k\($0)" }
        let list = (keys + [UsageColumns.aggregates(durations: hasDurations)]).joined(separator: ", ")
        // With nothing to group by, HAVING keeps the row of nulls away that sums over no rows would be.
        let ending = keys.isEmpty ? "HAVING COUNT(*) > 0" : "GROUP BY \(keys.joined(separator: ", "))"
        return "SELECT \(list) FROM (\(rows)) AS pieces \(ending)"
    }

    /// Whether the rows of a piece are of one step of the time asked for each, and no other piece but the fresh one has
    /// rows of the same steps.
    func isWhole(_ piece: UsageCover.Piece) -> Bool {
        hasSteps && piece.grain != .fresh && piece.grain.microseconds >= widest.microseconds
    }

    /// What there is to group by, with repetitions.
    func keys(_ piece: UsageCover.Piece, after before: Int) -> String { keys(piece, after: before, isDistinct: false) }

    func keys(_ piece: UsageCover.Piece, after before: Int, isDistinct: Bool) -> String {
        let columns = named(isWhole(piece) ? selected.map { $0 == step ? "start_at" : $0 } : selected)
        return "SELECT \(isDistinct ? "DISTINCT " : "")\(columns.joined(separator: ", ")) FROM \(table(piece)) "
            + "WHERE \(condition(after: before))"
    }

    /// The start of the first step that a piece has rows of, or an earlier moment; null when it has none.
    func firstStep(_ piece: UsageCover.Piece, after before: Int) -> String {
        "SELECT MIN(start_at) - \(widest.microseconds) FROM \(UsageRepository.table) WHERE \(condition(after: before))"
    }

    private func named(_ columns: [String]) -> [String] { columns.enumerated().map { "\($1) AS k\($0)" } }

    private func table(_ piece: UsageCover.Piece) -> String {
        let isSummed = !needsRoutes && piece.grain.rawValue >= UsageGrain.hour.rawValue
        return isSummed ? UsageRepository.summaries : UsageRepository.table
    }

    /// By position: a row has up to forty columns, and names would be looked up for each.
    func read(_ row: SQLRow) throws -> (UsageGroup, UsageTotals) {
        var position = 0
        func next() throws -> SQLValue {
            guard position < row.values.count else { throw DatabaseError.unexpectedValue(column: "\(position)") }
            defer { position += 1 }
            return row.values[position]
        }
        func integer() throws -> Int {
            guard case .integer(let value) = try next() else {
                throw DatabaseError.unexpectedValue(column: row.columns[position - 1])
            }
            return Int(value)
        }
        func text() throws -> String {
            guard case .text(let value) = try next() else {
                throw DatabaseError.unexpectedValue(column: row.columns[position - 1])
            }
            return value
        }
        var group = UsageGroup()
        for dimension in dimensions {
            switch dimension {
            case .workspace: group.workspaceID = try text()
            case .mock:
                group.workspaceID = try text()
                group.mockID = try text()
            case .route:
                group.workspaceID = try text()
                group.mockID = try text()
                group.routeID = try text()
            case .status: group.statusClass = try integer()
            case .time: group.start = Timestamp(microseconds: Int64(try integer()))
            }
        }
        var totals = UsageTotals()
        totals.requests = try integer()
        totals.durationMicroseconds = try integer()
        totals.requestBytes = try integer()
        totals.responseBytes = try integer()
        totals.maxDurationMicroseconds = try integer()
        if hasDurations {
            let counts = try (0..<DurationHistogram.bucketCount).map { _ in try integer() }
            totals.durations = DurationHistogram(counts: counts) ?? DurationHistogram()
        }
        return (group, totals)
    }
}
