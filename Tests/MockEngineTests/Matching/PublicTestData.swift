import Foundation

/// Public test suites that stand beside the project and are not part of it.
enum PublicTestData {
    /// The folder: `MOCKFORGE_SPECS`, or `../shared/specs` beside the repository.
    static let folder: String =
        ProcessInfo.processInfo.environment["MOCKFORGE_SPECS"]
        ?? URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../../shared/specs").standardized
        .path

    static let jsonPathSuite = "jsonpath/cts.json"

    static func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + file) }

    static func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + file)))
    }
}
