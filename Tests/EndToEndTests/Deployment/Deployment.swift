import Foundation

/// What the suite runs against. `make test` runs it twice, with `MOCKFORGE_TEST_DEPLOYMENT` as `embedded` and as `cluster`.
enum Deployment: String {
    /// One process with everything in one folder.
    case embedded
    /// Three nodes on PostgreSQL, Redis, S3 and SMTP behind HAProxy.
    case cluster

    static let current: Deployment = {
        guard let text = environment["MOCKFORGE_TEST_DEPLOYMENT"] else { return .embedded }
        guard let deployment = Deployment(rawValue: text) else {
            fatalError("MOCKFORGE_TEST_DEPLOYMENT is \"\(text)\"; it can be embedded or cluster")
        }
        return deployment
    }()

    static var isEmbedded: Bool { current == .embedded }

    static let environment = ProcessInfo.processInfo.environment
}
