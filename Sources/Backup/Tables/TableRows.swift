import Domain
import Persistence

/// Reads a table from its first row to its last in pages, inside one transaction.
struct TableRows {
    /// Which of the rows.
    enum Choice {
        case all
        case of(TenantID)
        /// In the platform's schema: those of nobody, or of a tenant that is no more.
        case ownerless
    }

    let table: ArchivedTable
    let sql: any SQLSession

    /// Bounds what is in memory at once; a route may have megabytes.
    private static let pageSize = 100

    func forEach(_ choice: Choice, _ body: ([SQLValue]) throws -> Void) throws {
        var conditions: [String] = []
        var parameters: [SQLValue] = []
        switch choice {
        case .all: break
        case .of(let tenant):
            guard let owner = table.owner else { return }
            conditions.append("\(owner) = $1")
            parameters.append(.text(tenant.text))
        case .ownerless:
            if let owner = table.owner {
                conditions.append(
                    "(\(owner) IS NULL OR NOT EXISTS (SELECT 1 FROM tenants AS alive WHERE alive.id = \(owner)))")
            }
        }
        let order = table.key.joined(separator: ", ")
        let keyPositions = table.key.compactMap { table.columns.firstIndex(of: $0) }
        var last: [SQLValue]?
        while true {
            var pageConditions = conditions
            var pageParameters = parameters
            if let last {
                let names = table.key.indices.map { "$\(pageParameters.count + $0 + 1)" }.joined(separator: ", ")
                pageConditions.append("(\(order)) > (\(names))")
                pageParameters += last
            }
            let filter = pageConditions.isEmpty ? "" : "WHERE \(pageConditions.joined(separator: " AND "))"
            let rows = try sql.query(
                """
                SELECT \(table.columns.joined(separator: ", ")) FROM \(table.name) \(filter)
                ORDER BY \(order) LIMIT \(Self.pageSize)
                """, pageParameters)
            for row in rows { try body(row.values) }
            guard rows.count == Self.pageSize, let final = rows.last else { return }
            last = keyPositions.map { final.values[$0] }
        }
    }

    func fingerprint(_ choice: Choice) throws -> TableFingerprint {
        var fingerprint = TableFingerprint()
        try forEach(choice) { fingerprint.add(RowCoding.bytes($0)) }
        return fingerprint
    }
}
