package import Domain

/// `platform.platform_switches`: what the operator has switched for all nodes.
package struct SwitchRepository {
    /// Whether limits are enforced: a value of `Enforcement`.
    package static let enforcement = "enforcement"

    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    /// The value, and when it was set; nil when it never was.
    package func find(_ name: String) throws -> (value: String, changedAt: Timestamp)? {
        guard let row = try sql.first("SELECT value, changed_at FROM platform_switches WHERE name = $1", [.text(name)])
        else { return nil }
        return (try row.text("value"), try row.timestamp("changed_at"))
    }

    package func set(_ name: String, to value: String, at now: Timestamp) throws {
        try sql.execute(
            """
            INSERT INTO platform_switches (name, value, changed_at) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET value = $2, changed_at = $3
            """, [.text(name), .text(value), .init(now)])
    }
}
