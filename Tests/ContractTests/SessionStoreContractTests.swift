import Domain
import Foundation
import Logging
import Persistence
import RedisDriver
import TestSupport
import Testing

/// A driver of the `SessionStore` port that the contract tests run against.
struct SessionStoreDriver: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// An empty store of the test's own, and what lets at least so much of its time pass.
    let makeStore: @Sendable () async throws -> (any SessionStore, pass: @Sendable (Duration) async throws -> Void)

    /// Those whose server is there.
    static let all =
        [
            SessionStoreDriver(testDescription: "in process") {
                let clock = TestSurroundings()
                return (InProcessSessions { clock.now }, { clock.advance(by: $0) })
            }
        ]
        + RedisInstallation.all.map { installation in
            SessionStoreDriver(testDescription: installation.testDescription) {
                let (client, _) = try await installation.connect()
                return (RedisSessions(client), { try await Task.sleep(for: $0) })
            }
        }
}

/// What every driver of `SessionStore` promises.
@Suite struct `Session store contract` {
    private let tenant = TenantID("acme000001")!
    private let hour = Duration.seconds(3600)
    private let session = SessionRecord(
        member: MemberID("mem_0000000000000001")!, createdAt: Timestamp(microseconds: 1_800_000_000_123_456),
        endsAt: Timestamp(microseconds: 1_800_600_000_654_321))

    /// Lets time pass until the store has forgotten the session. Each look keeps it for a millisecond only.
    private func isForgotten(
        _ hash: String, _ store: any SessionStore, _ pass: @Sendable (Duration) async throws -> Void
    ) async throws -> Bool {
        for _ in 0..<1000 {
            try await pass(.milliseconds(50))
            if try await store.find(hash, of: tenant, keepingFor: .milliseconds(1)) == nil { return true }
        }
        return false
    }

    @Test(arguments: SessionStoreDriver.all)
    func `a session comes back as it went in, as often as asked`(driver: SessionStoreDriver) async throws {
        let (store, _) = try await driver.makeStore()
        try await store.insert(session, under: "a", of: tenant, for: hour)
        for _ in 0..<2 { #expect(try await store.find("a", of: tenant, keepingFor: hour) == session) }
        #expect(try await store.find("b", of: tenant, keepingFor: hour) == nil)
    }

    @Test(arguments: SessionStoreDriver.all)
    func `a session of one tenant is none of another`(driver: SessionStoreDriver) async throws {
        let (store, _) = try await driver.makeStore()
        let other = try #require(TenantID("other00001"))
        try await store.insert(session, under: "a", of: tenant, for: hour)
        #expect(try await store.find("a", of: other, keepingFor: hour) == nil)
        try await store.remove("a", of: other)
        #expect(try await store.find("a", of: tenant, keepingFor: hour) == session)
    }

    @Test(arguments: SessionStoreDriver.all)
    func `a removed session is gone, and removing it again does nothing`(driver: SessionStoreDriver) async throws {
        let (store, _) = try await driver.makeStore()
        try await store.insert(session, under: "a", of: tenant, for: hour)
        try await store.insert(session, under: "b", of: tenant, for: hour)
        for _ in 0..<2 {
            try await store.remove("a", of: tenant)
            #expect(try await store.find("a", of: tenant, keepingFor: hour) == nil)
        }
        #expect(try await store.find("b", of: tenant, keepingFor: hour) == session)
    }

    @Test(arguments: SessionStoreDriver.all)
    func `a session that nobody asks for in time is forgotten`(driver: SessionStoreDriver) async throws {
        let (store, pass) = try await driver.makeStore()
        try await store.insert(session, under: "a", of: tenant, for: .milliseconds(1))
        #expect(try await isForgotten("a", store, pass))
    }

    @Test(arguments: SessionStoreDriver.all)
    func `each look sets anew how long a session is kept`(driver: SessionStoreDriver) async throws {
        let (store, pass) = try await driver.makeStore()
        try await store.insert(session, under: "a", of: tenant, for: hour)
        #expect(try await store.find("a", of: tenant, keepingFor: .milliseconds(1)) == session)
        #expect(try await isForgotten("a", store, pass))
    }
}
