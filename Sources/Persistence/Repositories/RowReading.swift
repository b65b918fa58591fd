import Domain
import JSON

/// Domain values out of rows; what is not valid is a `DatabaseError.unexpectedValue`.
extension SQLRow {
    func id<Kind>(_ column: String) throws -> Identifier<Kind> {
        guard let id = Identifier<Kind>(try text(column)) else { throw DatabaseError.unexpectedValue(column: column) }
        return id
    }

    func tenant(_ column: String) throws -> TenantID {
        guard let id = TenantID(try text(column)) else { throw DatabaseError.unexpectedValue(column: column) }
        return id
    }

    func optionalTenant(_ column: String) throws -> TenantID? {
        if case .null = self[column] { return nil }
        return try tenant(column)
    }

    /// Deeper than what a stranger may send, as stored documents wrap those.
    func json(_ column: String) throws -> JSON {
        do {
            return try JSON.parse(try text(column), limits: JSONLimits(depth: 512))
        } catch is JSONParseError { throw DatabaseError.unexpectedValue(column: column) }
    }

    func choice<Choice: RawRepresentable<String>>(_ column: String) throws -> Choice {
        guard let choice = Choice(rawValue: try text(column)) else {
            throw DatabaseError.unexpectedValue(column: column)
        }
        return choice
    }
}

extension SQLSession {
    /// The rows of a table that have one of these ids.
    func rows<Kind>(_ columns: String, of table: String, ids: Set<Identifier<Kind>>) throws -> [SQLRow] {
        guard !ids.isEmpty else { return [] }
        let places = (1...ids.count).map { "$\($0)" }.joined(separator: ", ")
        return try query("SELECT \(columns) FROM \(table) WHERE id IN (\(places))", ids.map { SQLValue($0) })
    }
}

extension SQLValue {
    init<Kind>(_ id: Identifier<Kind>) { self = .text(id.text) }
    init(_ id: TenantID) { self = .text(id.text) }
    init(_ json: JSON) { self = .text(json.text) }
}
