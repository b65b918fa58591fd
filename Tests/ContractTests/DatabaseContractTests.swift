import Domain
import Foundation
import Persistence
import TestSupport
import Testing

/// What every driver of `Database` promises.
@Suite struct `Database contract` {
    let acme = TenantID("acme000001")!
    let other = TenantID("other00001")!

    private struct Refusal: Error {}

    private static func insertKey(_ name: String) -> @Sendable (any SQLSession) throws -> Int {
        { sql in
            try sql.execute(
                """
                INSERT INTO idempotency_keys (key_hash, fingerprint, status, sealed_reply, created_at)
                VALUES ($1, $2, $3, $4, $5)
                """, [.text(name), .text("f"), .integer(201), .text(""), .integer(1)])
        }
    }

    private static let count: @Sendable (any SQLSession) throws -> Int = { sql in
        try sql.first("SELECT COUNT(*) AS keys FROM idempotency_keys", [])?.integer("keys") ?? 0
    }

    @Test(arguments: DatabaseDriver.all)
    func `what was committed is there after reopening`(driver: DatabaseDriver) async throws {
        let store = driver.makeStore()
        let database = try store.open()
        try await database.createSchema(acme)
        #expect(try await database.write(.tenant(acme), Self.insertKey("a")) == 1)
        #expect(try await database.write(.platform, Self.insertKey("b")) == 1)
        try await database.close()

        let reopened = try store.open()
        #expect(try await reopened.read(.tenant(acme), Self.count) == 1)
        #expect(try await reopened.read(.platform, Self.count) == 1)
    }

    @Test(arguments: DatabaseDriver.all)
    func `a closure that throws leaves nothing behind`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        await #expect(throws: Refusal.self) {
            try await database.write(.platform) { sql in
                _ = try Self.insertKey("a")(sql)
                throw Refusal()
            }
        }
        #expect(try await database.read(.platform, Self.count) == 0)
    }

    @Test(arguments: DatabaseDriver.all)
    func `tenants do not see each other's rows`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        try await database.createSchema(other)
        _ = try await database.write(.tenant(acme), Self.insertKey("a"))
        #expect(try await database.read(.tenant(other), Self.count) == 0)
        #expect(try await database.read(.platform, Self.count) == 0)
    }

    @Test(arguments: DatabaseDriver.all)
    func `a tenant without a schema is refused`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        let error = await #expect(throws: DatabaseError.self) {
            try await database.read(.tenant(acme), Self.count)
        }
        guard case .noSuchSchema(acme) = error else {
            Issue.record("wrong error \(String(describing: error))")
            return
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `creating a schema twice keeps its rows`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        _ = try await database.write(.tenant(acme), Self.insertKey("a"))
        try await database.createSchema(acme)
        #expect(try await database.read(.tenant(acme), Self.count) == 1)
    }

    @Test(arguments: DatabaseDriver.all)
    func `a dropped schema is gone and can be made again, empty`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        try await database.createSchema(other)
        _ = try await database.write(.tenant(acme), Self.insertKey("a"))
        #expect(try await database.schemas() == [acme, other])
        try await database.dropSchema(acme)
        try await database.dropSchema(acme)
        #expect(try await database.schemas() == [other])
        await #expect(throws: DatabaseError.self) { try await database.read(.tenant(acme), Self.count) }
        try await database.createSchema(acme)
        #expect(try await database.read(.tenant(acme), Self.count) == 0)
    }

    @Test(arguments: DatabaseDriver.all)
    func `parameters may repeat and come in any order`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        let row = try await database.read(.platform) { sql in
            try sql.first(
                "SELECT CAST($3 AS TEXT) AS c, CAST($1 AS TEXT) AS a, CAST($2 AS TEXT) AS b, CAST($1 AS TEXT) AS d",
                [.text("one"), .text("two"), .text("three")])
        }
        #expect(row?.values == [.text("three"), .text("one"), .text("two"), .text("one")])
    }

    @Test(arguments: DatabaseDriver.all)
    func `more than nine parameters keep their numbers`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        let values = (1...12).map { SQLValue.integer(Int64($0)) }
        let columns = (1...12).reversed().map { "CAST($\($0) AS BIGINT) AS c\($0)" }.joined(separator: ", ")
        let row = try await database.read(.platform) { try $0.first("SELECT \(columns)", values) }
        #expect(row?.values == values.reversed())
    }

    @Test(arguments: DatabaseDriver.all)
    func `a missing parameter is an error, not null`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        await #expect(throws: DatabaseError.self) {
            try await database.read(.platform) {
                try $0.query("SELECT * FROM tenants WHERE id = $1 AND name = $2", [.text("a")])
            }
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a unique violation names table and column`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        _ = try await database.write(.platform, Self.insertKey("a"))
        let error = await #expect(throws: DatabaseError.self) {
            try await database.write(.platform, Self.insertKey("a"))
        }
        guard case .uniqueViolation("idempotency_keys.key_hash") = error else {
            Issue.record("wrong error \(String(describing: error))")
            return
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a row that refers to nothing is refused`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        let error = await #expect(throws: DatabaseError.self) {
            try await database.write(.tenant(acme)) { sql in
                try sql.execute(
                    """
                    INSERT INTO mocks (id, workspace_id, name, base_path, source, is_enabled, created_at, updated_at, version)
                    VALUES ('m', 'nowhere', 'n', '/', 'null', 1, 0, 0, 1)
                    """, [])
            }
        }
        guard case .foreignKeyViolation = error else {
            Issue.record("wrong error \(String(describing: error))")
            return
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a read cannot write`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        await #expect(throws: DatabaseError.self) { try await database.read(.platform, Self.insertKey("a")) }
        #expect(try await database.read(.platform, Self.count) == 0)
    }

    @Test(arguments: DatabaseDriver.all)
    func `fifty writers at once lose no update`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        let acme = acme
        _ = try await database.write(.tenant(acme), Self.insertKey("counter"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await database.write(.tenant(acme)) { sql in
                        let status = try sql.first("SELECT status FROM idempotency_keys", [])!.integer("status")
                        try sql.execute("UPDATE idempotency_keys SET status = $1", [.init(status + 1)])
                    }
                }
            }
            try await group.waitForAll()
        }
        let status = try await database.read(.tenant(acme)) {
            try $0.first("SELECT status FROM idempotency_keys", [])?.integer("status")
        }
        #expect(status == 251)
    }

    @Test(arguments: DatabaseDriver.all)
    func `a schema takes room`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        #expect(try await database.size(of: acme) > 0)
    }

    @Test(arguments: DatabaseDriver.all)
    func `waits for a connection are told and added up`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        let waits = database.connectionWaits
        #expect(waits.waiting == 0)
        let (acme, total, seconds) = (acme, waits.total, waits.seconds)
        let (isInside, mayGo) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        // A schema has one writer at a time, so that the second waits.
        async let first: Void = database.write(.tenant(acme)) { _ in
            isInside.signal()
            mayGo.wait()
        }
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                isInside.wait()
                continuation.resume()
            }
        }
        async let second: Void = database.write(.tenant(acme)) { _ in }
        for _ in 0..<5000 where waits.waiting == 0 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(waits.waiting == 1)
        try await Task.sleep(for: .milliseconds(50))
        mayGo.signal()
        _ = try await (first, second)
        #expect(waits.waiting == 0)
        #expect(waits.total == total + 2)
        #expect(waits.seconds >= seconds + 0.05)
    }

    @Test(arguments: DatabaseDriver.all)
    func `connections are counted`(driver: DatabaseDriver) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        #expect(database.connectionCount >= 1)
    }
}
