import Domain
import JSON

@testable import MockEngine

/// Shared by the tests of importing.
enum ImportingSamples {
    /// Counts up, so that ids differ and are the same in every run.
    static func surroundings() -> Surroundings {
        let counter = SeededCounter()
        return Surroundings(now: { Timestamp(microseconds: 0) }, random: { counter.next() })
    }

    static func read(_ text: String, format: SourceDocument.Format? = nil) throws(Problem) -> ImportedMock {
        try OpenAPIImporter.read(Array(text.utf8), format: format, surroundings: surroundings())
    }

    /// A description with the given text under `paths`, which must be indented by two.
    static func description(_ paths: String, version: String = "3.1.0", rest: String = "") -> String {
        "openapi: \(version)\ninfo: {title: T, version: '1'}\npaths:\n\(paths)\n\(rest)"
    }

    /// The problem that reading `text` throws.
    static func problem(_ text: String) -> Problem? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return error
        }
    }

    static func contract(
        _ text: String, path: String, method: String, dialect: SchemaDialect = .draft2020
    ) throws -> RequestContract? {
        let root = try SourceDocument(Array(text.utf8)).root
        return RequestContract(
            document: root, operation: OperationReference(path: path, method: method),
            schemas: SchemaSet(document: root, dialect: dialect))
    }
}
