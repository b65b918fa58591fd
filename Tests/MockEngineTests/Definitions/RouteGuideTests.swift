import Domain
import Foundation
import JSON
import MockEngine
import Testing

/// Holds the guide to routes to what the code reads.
struct RouteGuideTests {
    /// The text of the code blocks of the guide that are marked with `language`.
    static func examples(_ language: String) throws -> [String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/guide/routes.md")
        let parts = try String(contentsOf: file, encoding: .utf8).split(
            separator: "```", omittingEmptySubsequences: false)
        return parts.enumerated().compactMap { index, part in
            guard index % 2 == 1, let end = part.firstIndex(of: "\n"), part[..<end] == language else { return nil }
            return String(part[end...])
        }
    }

    @Test func `every route of the guide is read`() throws {
        let examples = try Self.examples("json")
        #expect(examples.count >= 10)
        for example in examples {
            let violations = Violations()
            let route = RouteDefinition(
                json: try JSON.parse(example), id: RouteCodingTests.id, violations: violations)
            #expect(route != nil, "\(violations.list) in \(example)")
        }
    }

    @Test func `the settings of the guide are read`() throws {
        let example = try #require(try Self.examples("json settings").first)
        let violations = Violations()
        #expect(WorkspaceSettings(json: try JSON.parse(example), violations: violations) != nil, "\(violations.list)")
    }
}
