import Persistence
import Testing

/// What docs/operate/migrations.md asks of those who write a migration: nodes of the version before go on.
@Suite struct `A migration takes nothing away from the nodes before it` {
    /// Migrations that came before the first release, or that drop what a whole version had stopped using: with the reason.
    private static let exceptions: Set<String> = ["usage_rollups"]

    /// The statements that break older nodes, in one text.
    static func violations(_ sql: String) -> [String] {
        var created: Set<Substring> = []
        var found: [String] = []
        let lines = sql.uppercased().split(separator: "\n").filter { !$0.hasPrefix("--") }
        for statement in lines.joined(separator: " ").split(separator: ";") {
            let words = statement.split { " \t(),\"".contains($0) }
            guard words.count > 2 else { continue }
            if words[0] == "CREATE", words[1] == "TABLE" { created.insert(words[2]) }
            let breaks =
                switch (words[0], words[1]) {
                case ("DROP", "TABLE"), ("DROP", "VIEW"), ("TRUNCATE", _): true
                case ("ALTER", "TABLE"):
                    !created.contains(words[2])
                        && (words.contains("DROP") || words.contains("RENAME") || words.contains("TYPE")
                            || words.contains("NOT") && !words.contains("DEFAULT"))
                // Rows of old nodes must still fit.
                case ("CREATE", "UNIQUE"):
                    words.firstIndex(of: "ON").map { !created.contains(words[$0 + 1]) } ?? true
                default: false
                }
            if breaks { found.append(words.joined(separator: " ")) }
        }
        return found
    }

    @Test(arguments: [MigrationSet.platform, MigrationSet.tenant])
    func `every migration after the first adds only`(_ set: MigrationSet) {
        for migration in set.migrations.dropFirst() where !Self.exceptions.contains(migration.name) {
            #expect(Self.violations(migration.sql) == [], "\(migration.version) \(migration.name)")
        }
    }

    @Test(arguments: [
        "DROP TABLE mocks", "-- why\nALTER TABLE mocks RENAME TO old", "ALTER TABLE mocks RENAME COLUMN name TO title",
        "ALTER TABLE mocks DROP COLUMN name", "ALTER TABLE mocks ADD COLUMN size BIGINT NOT NULL",
        "alter table mocks alter column name set not null", "ALTER TABLE mocks ALTER COLUMN version TYPE TEXT",
        "CREATE UNIQUE INDEX mocks_by_name ON mocks (name)",
    ])
    func `what would break them is seen`(_ sql: String) { #expect(Self.violations(sql).count == 1) }

    @Test(arguments: [
        "ALTER TABLE mocks ADD COLUMN size BIGINT NOT NULL DEFAULT 0", "ALTER TABLE mocks ADD COLUMN note TEXT",
        "CREATE TABLE t (id TEXT NOT NULL); CREATE UNIQUE INDEX t_by_id ON t (id)", "CREATE INDEX i ON mocks (name)",
    ])
    func `what only adds is taken`(_ sql: String) { #expect(Self.violations(sql) == []) }
}
