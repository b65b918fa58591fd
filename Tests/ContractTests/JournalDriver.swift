import Domain
import Foundation
import Logging
import Persistence
import RedisDriver
import Testing

/// A driver of the `Journal` port that the contract tests run against.
struct JournalDriver: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// An empty journal of the test's own.
    let makeJournal: @Sendable () async throws -> any Journal

    /// Those whose server is there.
    static let all =
        [JournalDriver(testDescription: "in process") { InProcessJournal() }]
        + RedisInstallation.all.map { installation in
            JournalDriver(testDescription: installation.testDescription) {
                let (client, subscriber) = try await installation.connect()
                return RedisJournal(client, subscriber, .system)
            }
        }
}

/// A driver of the `Announcements` port that the contract tests run against.
struct AnnouncementsDriver: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let makeAnnouncements: @Sendable () async throws -> any Announcements

    /// Those whose server is there.
    static let all =
        [AnnouncementsDriver(testDescription: "in process") { InProcessAnnouncements() }]
        + RedisInstallation.all.map { installation in
            AnnouncementsDriver(testDescription: installation.testDescription) {
                let (client, subscriber) = try await installation.connect()
                return RedisAnnouncements(client, subscriber, .system)
            }
        }
}

/// The Redis servers that the environment names; each test has a prefix of its own there.
struct RedisInstallation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let url: String

    static let all = [
        ("Redis", "MOCKFORGE_TEST_REDIS_URL"), ("Redis Cluster", "MOCKFORGE_TEST_REDIS_CLUSTER_URL"),
    ].compactMap { name, variable in
        ProcessInfo.processInfo.environment[variable].map { RedisInstallation(testDescription: name, url: $0) }
    }

    func connect() async throws -> (RedisClient, RedisSubscriber) {
        let client = try RedisClient(
            RedisAddress("\(url)?prefix=\(UUID().uuidString)"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await client.connect()
        return (client, RedisSubscriber(client))
    }
}
