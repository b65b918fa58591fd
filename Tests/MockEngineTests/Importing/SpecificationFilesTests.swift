import Domain
import Foundation
import JSON
import Testing

@testable import MockEngine

/// Public descriptions that stand beside the project, not in it; without them these tests are skipped.
enum SpecificationFiles {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["MOCKFORGE_SPECS"] { return URL(filePath: path) }
        let repository = URL(filePath: #filePath).appending(path: "../../../..").standardized
        return repository.appending(path: "../shared/specs").standardized
    }()

    /// The tests do not run where the files are absent, such as outside of our own continuous integration.
    static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.appending(path: "openapi").path) }

    static let names: [String] =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "openapi").path).sorted()) ?? []

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: "openapi").appending(path: name)))
    }
}

@Suite(.enabled(if: SpecificationFiles.isPresent, "needs ../shared/specs or MOCKFORGE_SPECS"))
struct SpecificationFilesTests {
    @Test(arguments: SpecificationFiles.names.filter { !$0.hasPrefix("v2") })
    func `every description of version 3 imports with all its operations`(name: String) throws {
        let bytes = try SpecificationFiles.bytes(name)
        let mock = try OpenAPIImporter.read(bytes, surroundings: ImportingSamples.surroundings())
        #expect(mock.routes.count == operations(in: String(decoding: bytes, as: UTF8.self)))
        #expect(!mock.name.isEmpty)
        for route in mock.routes { #expect(!route.responses.isEmpty) }
    }

    @Test(arguments: SpecificationFiles.names.filter { !$0.hasPrefix("v2") })
    func `every imported route survives its wire form`(name: String) throws {
        let mock = try OpenAPIImporter.read(
            try SpecificationFiles.bytes(name), surroundings: ImportingSamples.surroundings())
        for var route in mock.routes {
            let violations = Violations()
            let copy = RouteDefinition(json: route.json, id: route.id, violations: violations)
            #expect(violations.list == [])
            route.operation = nil
            #expect(copy == route)
        }
    }

    @Test(arguments: SpecificationFiles.names.filter { !$0.hasPrefix("v2") })
    func `importing a file again changes nothing`(name: String) throws {
        let bytes = try SpecificationFiles.bytes(name)
        let first = ImportPlan(
            existing: [],
            imported: try OpenAPIImporter.read(bytes, surroundings: ImportingSamples.surroundings()))
        let again = ImportPlan(
            existing: first.created.map {
                ImportPlan.ExistingRoute(id: $0.id, definition: $0.definition, origin: $0.origin)
            },
            imported: try OpenAPIImporter.read(bytes, surroundings: .system))
        #expect(again.unchanged == first.created.map(\.id))
        #expect(again.created.isEmpty && again.updated.isEmpty && again.removed.isEmpty && again.warnings.isEmpty)
    }

    @Test func `a description of two megabytes imports in seconds, even without optimisation`() throws {
        let bytes = try SpecificationFiles.bytes("twilio_api_v2010.json")
        let clock = ContinuousClock()
        let duration = try clock.measure {
            _ = try OpenAPIImporter.read(bytes, surroundings: ImportingSamples.surroundings())
        }
        #expect(duration < .seconds(10))
    }

    @Test(arguments: SpecificationFiles.names.filter { $0.hasPrefix("v2") })
    func `every description of version 2 is refused with advice`(name: String) throws {
        let problem = #expect(throws: Problem.self) {
            try OpenAPIImporter.read(try SpecificationFiles.bytes(name), surroundings: ImportingSamples.surroundings())
        }
        #expect(problem?.code == "unsupported_format")
        #expect(problem?.detail.contains("Swagger 2.0") == true)
    }

    /// Counted in the text, without any of the code under test: methods two levels below `paths`.
    private func operations(in text: String) -> Int {
        let isJSON = text.hasPrefix("{")
        var count = 0
        var isInPaths = false
        let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
        let unit = isJSON ? "  " : ""
        for line in text.split(separator: "\n") {
            let indentation = line.prefix { $0 == " " }.count - unit.count
            let key = line.drop { $0 == " " || $0 == "\"" }.prefix { $0.isLetter }
            if indentation == 0, !line.hasPrefix("#") { isInPaths = key == "paths" }
            if isInPaths, indentation == 4, methods.contains(String(key)) { count += 1 }
        }
        return count
    }
}
