import Foundation
import Synchronization

/// A database, a Redis database and a prefix in a bucket that one test has to itself.
final class ClusterStores: Sendable {
    let services: Services
    let databaseURL: String
    let redisURL: String
    let storageURL: String
    let mailURL: String
    private let database: String

    private static let count = Atomic<Int>(0)

    init(_ services: Services) async throws {
        self.services = services
        database = "e2e_\(UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased())"
        let server = services.url("POSTGRES")
        try await Self.psql(server, "CREATE DATABASE \(database)")
        databaseURL = Self.replacingPath(of: server, with: database)
        // Sixteen databases, of which 0 is left to others; keys hold the tenant's random id, so two tests may share one.
        let number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue % 15 + 1
        redisURL = Self.replacingPath(of: services.url("REDIS"), with: "\(number)")
        let bucket = services.url("S3").split(separator: "?", maxSplits: 1)
        storageURL = "\(bucket[0])/\(database)?\(bucket[1])&create_bucket=true"
        mailURL = services.url("SMTP")
    }

    deinit {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/psql")
        process.arguments = ["-q", services.url("POSTGRES"), "-c", "DROP DATABASE IF EXISTS \(database) WITH (FORCE)"]
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
    }

    var environment: [String: String] {
        [
            "MOCKFORGE_DATABASE_URL": databaseURL, "MOCKFORGE_REDIS_URL": redisURL,
            "MOCKFORGE_STORAGE_URL": storageURL, "MOCKFORGE_MAIL_URL": mailURL,
        ]
    }

    /// Rows as lines, columns parted by `|`.
    @discardableResult
    func sql(_ statement: String) async throws -> [String] { try await Self.psql(databaseURL, statement) }

    @discardableResult
    static func psql(_ url: String, _ statement: String) async throws -> [String] {
        let process = try ChildProcess(
            "/usr/bin/psql", ["-qAt", "-v", "ON_ERROR_STOP=1", url, "-c", statement], in: "/tmp", environment: [:])
        guard try await process.exitCode(upTo: .seconds(60)) == 0 else {
            throw ChildProcess.Failure(description: process.errorText)
        }
        return process.lines.filter { !$0.isEmpty }
    }

    private static func replacingPath(of url: String, with path: String) -> String {
        guard let slash = url.lastIndex(of: "/") else { return url }
        return url[...slash] + path
    }
}
