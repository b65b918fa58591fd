import Foundation

/// What `scripts/services` started.
enum Services {
    static let url = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_S3_URL"]
    /// A Python that has botocore.
    static let python = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_PYTHON"]
}
