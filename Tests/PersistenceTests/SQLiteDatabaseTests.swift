import Domain
import Foundation
import TestSupport
import Testing

@testable import Persistence

@Suite struct `SQLite driver` {
    private static let count: @Sendable (any SQLSession) throws -> Int = { sql in
        try sql.first("SELECT COUNT(*) AS keys FROM idempotency_keys", [])?.integer("keys") ?? -1
    }

    @Test(arguments: [
        ("SELECT 1", []), ("VALUES ($1, $2), ($3, $4)", [1, 2, 3, 4]), ("SELECT $2 WHERE a = $1 AND b = $2", [2, 1]),
        ("SELECT $1, $1, $3, $2, $3 WHERE x LIKE '$.a'", [1, 3, 2]), ("x = $10 OR y = $1", [10, 1]),
        ("$12$2", [12, 2]),
    ])
    func `parameters are bound in the order in which they first appear`(sql: String, order: [Int]) {
        #expect(SQLiteSession.parameterOrder(sql) == order)
    }

    @Test(arguments: [
        ("VALUES ($1, $2, $3, $4)", [1, 2, 3, 4]), ("VALUES ($2, $1, $2)", [2, 1, 2]),
        ("VALUES ($1, $1, $3, $2, $3)", [1, 1, 3, 2, 3]), ("SELECT $2, '$.a', $1", [2, nil, 1]),
        ("VALUES ($4, $1 + $2, $3)", [4, 3, 3]),
    ])
    func `a parameter means its number, wherever and however often it stands`(
        sql: String, values: [Int64?]
    ) async throws {
        let highest = Int64(values.compactMap { $0 }.max() ?? 0)
        let parameters = (1...highest).map { SQLValue.integer($0) }
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let row = try await SQLiteDatabase(folder: folder.path).read(.platform) { session in
            try session.first(sql, parameters)
        }
        #expect(row?.values == values.map { $0.map(SQLValue.integer) ?? .text("$.a") })
    }

    @Test(arguments: [("SELECT $1", 0), ("SELECT $1", 2), ("SELECT 1", 1), ("SELECT $2, $1", 1), ("SELECT $3, $1", 2)])
    func `another number of values than of parameters is refused`(statement: String, count: Int) async throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let database = try SQLiteDatabase(folder: folder.path)
        await #expect(throws: DatabaseError.self) {
            try await database.read(.platform) { sql in
                _ = try sql.query(statement, Array(repeating: .integer(1), count: count))
            }
        }
    }

    @Test func `commits are flushed to the disk`() async throws {
        let folder = TemporaryFolder()
        let database = try SQLiteDatabase(folder: folder.path)
        let tenant = TenantID("acme000001")!
        try await database.createSchema(tenant)
        for scope in [DatabaseScope.platform, .tenant(tenant)] {
            let (synchronous, journal, keys) = try await database.write(scope) { sql in
                (
                    try sql.first("PRAGMA synchronous", [])?.integer("synchronous"),
                    try sql.first("PRAGMA journal_mode", [])?.text("journal_mode"),
                    try sql.first("PRAGMA foreign_keys", [])?.integer("foreign_keys")
                )
            }
            #expect(synchronous == 2)
            #expect(journal == "wal")
            #expect(keys == 1)
        }
    }

    @Test func `more tenants than open files can be used`() async throws {
        let folder = TemporaryFolder()
        var limits = SQLiteLimits()
        limits.openTenants = 3
        let database = try SQLiteDatabase(folder: folder.path, limits: limits)
        let tenants = (0..<10).map { TenantID("tenant000\($0)")! }
        for tenant in tenants { try await database.createSchema(tenant) }
        for tenant in tenants { #expect(try await database.read(.tenant(tenant), Self.count) == 0) }
        // The platform's writer and reader, and those of three tenants.
        #expect(database.connectionCount <= 8)
    }

    @Test func `the files are for the server's user alone`() async throws {
        let folder = TemporaryFolder()
        let database = try SQLiteDatabase(folder: folder.path)
        let tenant = TenantID("acme000001")!
        try await database.createSchema(tenant)
        for name in [
            "platform.sqlite", "platform.sqlite-wal", "tenants/\(tenant).sqlite", "tenants/\(tenant).sqlite-wal",
        ] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        try await database.close()
    }

    @Test func `the log of a removed file does not come back in a new one`() async throws {
        let folder = TemporaryFolder()
        let database = try SQLiteDatabase(folder: folder.path)
        let tenant = TenantID("acme000001")!
        try FileManager.default.createDirectory(
            atPath: folder.path + "/tenants", withIntermediateDirectories: true)
        for suffix in ["-wal", "-shm"] {
            try Data(repeating: 7, count: 5000).write(
                to: URL(filePath: folder.path + "/tenants/\(tenant).sqlite" + suffix))
        }
        try await database.createSchema(tenant)
        #expect(try await database.read(.tenant(tenant), Self.count) == 0)
    }
}
