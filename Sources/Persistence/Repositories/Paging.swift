import Domain

/// One numbered page of a list.
package struct Page: Sendable, Hashable {
    /// From 1.
    package let number: Int
    /// 1 to 100.
    package let limit: Int

    package static let limits = 1...100

    /// Values out of range are brought into it.
    package init(number: Int = 1, limit: Int = 50) {
        // The upper bound keeps the product with the limit far from overflowing.
        self.number = min(max(1, number), 1_000_000_000)
        self.limit = min(max(Self.limits.lowerBound, limit), Self.limits.upperBound)
    }

    var offset: Int { (number - 1) * limit }
}

/// The records of one page and how many there are on all.
package struct Listing<Record: Sendable>: Sendable {
    package let records: [Record]
    package let total: Int

    package init(records: [Record], total: Int) {
        self.records = records
        self.total = total
    }
}

/// The records after a cursor, and the cursor for those that follow; nil at the end.
package struct CursorListing<Record: Sendable>: Sendable {
    package let records: [Record]
    package let next: Cursor?

    package init(records: [Record], next: Cursor?) {
        self.records = records
        self.next = next
    }
}

/// A place in a list that stays right while rows come and go: the sort key and the id of the last row seen.
package struct Cursor: Sendable, Hashable {
    let key: Int64
    let id: String

    init(key: Int64, id: String) {
        self.key = key
        self.id = id
    }

    /// Reads what `text` wrote; nil for anything else, since it comes from a stranger.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let key = Int64(parts[0]), (1...64).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") })
        else { return nil }
        self.init(key: key, id: String(parts[1]))
    }

    /// Safe in a URL; opaque to clients.
    package var text: String { "\(key).\(id)" }
}

/// Which side of a cursor a list goes to.
enum Direction {
    case ascending, descending

    var keyword: String { self == .ascending ? "ASC" : "DESC" }
    var comparison: String { self == .ascending ? ">" : "<" }
}

/// A SELECT whose conditions depend on what the caller asks for; values never become part of the text.
struct Selection {
    let columns: String
    let table: String
    /// The column that orders the rows, before the id.
    let key: String
    let direction: Direction
    private var conditions: [String] = []
    private var parameters: [SQLValue] = []

    init(_ columns: String, from table: String, by key: String, _ direction: Direction = .ascending) {
        self.columns = columns
        self.table = table
        self.key = key
        self.direction = direction
    }

    /// Adds a condition; each `?` in it stands for the value at its place.
    mutating func require(_ condition: String, _ values: SQLValue...) {
        var text = ""
        var remaining = values[...]
        for character in condition {
            if character == "?", let value = remaining.popFirst() {
                parameters.append(value)
                text += "$\(parameters.count)"
            } else {
                text.append(character)
            }
        }
        conditions.append(text)
    }

    private var whereClause: String {
        conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    }

    private var order: String { " ORDER BY \(key) \(direction.keyword), id \(direction.keyword)" }

    func all(_ sql: any SQLSession) throws -> [SQLRow] {
        try sql.query("SELECT \(columns) FROM \(table)\(whereClause)\(order)", parameters)
    }

    func count(_ sql: any SQLSession) throws -> Int {
        try sql.first("SELECT COUNT(*) AS total FROM \(table)\(whereClause)", parameters)?.integer("total") ?? 0
    }

    func page<Record>(
        _ page: Page, _ sql: any SQLSession, _ read: (SQLRow) throws -> Record
    ) throws -> Listing<Record> {
        let rows = try sql.query(
            "SELECT \(columns) FROM \(table)\(whereClause)\(order)"
                + " LIMIT $\(parameters.count + 1) OFFSET $\(parameters.count + 2)",
            parameters + [.init(page.limit), .init(page.offset)])
        return Listing(records: try rows.map(read), total: try count(sql))
    }

    func after<Record>(
        _ cursor: Cursor?, limit: Int, _ sql: any SQLSession, _ read: (SQLRow) throws -> Record
    ) throws -> CursorListing<Record> {
        var selection = self
        if let cursor {
            selection.require("(\(key), id) \(direction.comparison) (?, ?)", .integer(cursor.key), .text(cursor.id))
        }
        // One more than asked for tells whether anything follows.
        let rows = try sql.query(
            "SELECT \(columns) FROM \(table)\(selection.whereClause)\(order) LIMIT $\(selection.parameters.count + 1)",
            selection.parameters + [.init(limit + 1)])
        let shown = rows.prefix(limit)
        var next: Cursor?
        if rows.count > limit, let last = shown.last {
            next = Cursor(key: Int64(try last.integer(key)), id: try last.text("id"))
        }
        return CursorListing(records: try shown.map(read), next: next)
    }
}
