import Foundation
import JSON
import MockEngine

/// The public JSON Schema test suite, which lies beside the project or where `MOCKFORGE_SPECS` says.
enum SchemaSuite {
    struct Group {
        let file: String
        let description: String
        let schema: JSON
        let tests: [(description: String, data: JSON, isValid: Bool)]

        func name(of test: String) -> String { "\(file): \(description): \(test)" }
    }

    static let folder: URL = {
        let specifications =
            ProcessInfo.processInfo.environment["MOCKFORGE_SPECS"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/specs")
        return specifications.appendingPathComponent("json-schema")
    }()

    static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func groups(in path: String) throws -> [Group] {
        let directory = folder.appendingPathComponent("tests/\(path)")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".json") }
        return try files.sorted().flatMap { file in
            let groups = try JSON.parse([UInt8](Data(contentsOf: directory.appendingPathComponent(file))))
            return groups.array!.map { group in
                Group(
                    file: String(file.dropLast(5)), description: group["description"]!.string!,
                    schema: group["schema"]!,
                    tests: group["tests"]!.array!.map {
                        ($0["description"]!.string!, $0["data"]!, $0["valid"]!.bool!)
                    })
            }
        }
    }

    /// The suite's documents for references to elsewhere, by their addresses.
    static let remotes: [(uri: String, document: JSON)] = {
        let root = folder.appendingPathComponent("remotes")
        guard let paths = FileManager.default.enumerator(atPath: root.path) else { return [] }
        return paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".json") }.sorted().compactMap { path in
            guard let data = try? Data(contentsOf: root.appendingPathComponent(path)),
                let document = try? JSON.parse([UInt8](data))
            else { return nil }
            return ("http://localhost:1234/\(path)", document)
        }
    }()

    struct Outcome {
        var passedNames: [String] = []
        var passed: Int { passedNames.count }
        var failed: [String] = []
    }

    static func run(
        _ path: String, dialect: SchemaDialect, formats: FormatPolicy, where isWanted: (Group) -> Bool = { _ in true }
    ) throws -> Outcome {
        var outcome = Outcome()
        for group in try groups(in: path) where isWanted(group) {
            let set = SchemaSet(document: group.schema, dialect: dialect, formats: formats, others: remotes)
            let compiled = Result { try set.schema(at: .root) }
            for test in group.tests {
                let name = group.name(of: test.description)
                guard case .success(let schema) = compiled else {
                    outcome.failed.append(name)
                    continue
                }
                let violations = schema.validate(test.data)
                if violations.isEmpty == test.isValid, schema.accepts(test.data) == test.isValid {
                    outcome.passedNames.append(name)
                } else {
                    outcome.failed.append(name)
                }
            }
        }
        return outcome
    }
}
