import Backup
import Persistence
import Testing

@Suite struct `The list of archived tables` {
    /// Tables, their columns and their primary keys as SQLite has them.
    private func schema(_ scope: DatabaseScope) async throws -> [String: (columns: [String], key: [String])] {
        let database = try KeptDatabase()
        try await database.createSchema(acme)
        let rows = try await database.read(scope) { sql in
            try sql.query(
                """
                SELECT t.name AS table_name, c.name AS column_name, c.pk AS position
                FROM sqlite_master AS t, pragma_table_info(t.name) AS c
                WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid
                """, []
            ).map { (try $0.text("table_name"), try $0.text("column_name"), try $0.integer("position")) }
        }
        var tables: [String: (columns: [String], key: [(Int, String)])] = [:]
        for (table, column, position) in rows {
            tables[table, default: ([], [])].columns.append(column)
            if position > 0 { tables[table]?.key.append((position, column)) }
        }
        return tables.mapValues { ($0.columns, $0.key.sorted { $0.0 < $1.0 }.map(\.1)) }
    }

    @Test(arguments: [
        (DatabaseScope.platform, ArchivedTable.platform), (DatabaseScope.tenant(acme), ArchivedTable.tenant),
    ])
    func `holds every table, column and key that the migrations make`(
        scope: DatabaseScope, declared: [ArchivedTable]
    ) async throws {
        let actual = try await schema(scope)
        for (name, table) in actual where ArchivedTable.leftOut[name] == nil {
            let known = declared.first { $0.name == name }
            #expect(
                known != nil, "add \(name) to Sources/Backup/Tables/ArchivedTables.swift, or to leftOut with a reason")
            #expect(Set(known?.columns ?? []) == Set(table.columns), "columns of \(name) in ArchivedTables.swift")
            #expect(known?.key == table.key, "key of \(name) in ArchivedTables.swift")
        }
        #expect(declared.allSatisfy { actual[$0.name] != nil }, "a declared table is no more")
    }

    @Test func `names parents before the tables that refer to them`() async throws {
        for (scope, declared) in [
            (DatabaseScope.platform, ArchivedTable.platform), (.tenant(acme), ArchivedTable.tenant),
        ] {
            let database = try KeptDatabase()
            try await database.createSchema(acme)
            let references = try await database.read(scope) { sql in
                try sql.query(
                    """
                    SELECT t.name AS child, f."table" AS parent
                    FROM sqlite_master AS t, pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'
                    """, []
                ).map { (try $0.text("child"), try $0.text("parent")) }
            }
            #expect(!references.isEmpty)
            let order = declared.map(\.name)
            for (child, parent) in references {
                #expect(order.firstIndex(of: parent) ?? .max < order.firstIndex(of: child) ?? -1)
            }
        }
    }
}
