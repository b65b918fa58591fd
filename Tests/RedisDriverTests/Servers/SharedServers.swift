import Foundation
import Logging
import RedisDriver

/// The servers that all tests share; every test has a prefix of its own there.
enum SharedServers {
    static let single = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_REDIS_URL"]
    static let cluster = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_REDIS_CLUSTER_URL"]
    static let hint = "start a server with scripts/services and set MOCKFORGE_TEST_REDIS_URL"
    static let clusterHint = "start a cluster with scripts/services and set MOCKFORGE_TEST_REDIS_CLUSTER_URL"

    /// Addresses of what is there.
    static var all: [String] { [single, cluster].compactMap { $0 } }

    /// An address with a prefix that nobody else uses.
    static func own(_ url: String) -> String { "\(url)?prefix=\(UUID().uuidString)" }
}

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A client that is connected.
func connectedClient(_ url: String, limits: RedisLimits = RedisLimits()) async throws -> RedisClient {
    let client = try RedisClient(RedisAddress(url), logger: quietLogger, limits: limits)
    try await client.connect()
    return client
}
