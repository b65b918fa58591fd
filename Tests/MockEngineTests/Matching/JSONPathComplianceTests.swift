import JSON
import MockEngine
import Testing

/// The RFC 9535 compliance suite; skipped where its file is not beside the project.
@Suite(.enabled(if: PublicTestData.exists(PublicTestData.jsonPathSuite), "the JSONPath compliance suite is not there"))
struct JSONPathComplianceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let json: JSON
        var testDescription: String { json["name"]?.string ?? "unnamed" }
        var selector: String { json["selector"]?.string ?? "" }
        var isInvalid: Bool { json["invalid_selector"] == true }
        /// The node lists that are right, as the order of members is free.
        var results: [JSON] { json["results"]?.array ?? json["result"].map { [$0] } ?? [] }
    }

    static func cases(invalid: Bool) -> [Case] {
        guard let bytes = try? PublicTestData.bytes(PublicTestData.jsonPathSuite), let suite = try? JSON.parse(bytes)
        else { return [] }
        return (suite["tests"]?.array ?? []).map { Case(json: $0) }.filter { $0.isInvalid == invalid }
    }

    @Test func `the suite has its 703 cases`() {
        #expect(Self.cases(invalid: false).count + Self.cases(invalid: true).count == 703)
    }

    @Test(arguments: cases(invalid: false))
    func `a valid query selects what the suite says`(_ test: Case) throws {
        let document = try #require(test.json["document"])
        let selected = JSON.array(try JSONPath(test.selector).select(in: document))
        #expect(test.results.contains(selected), "\(test.selector) selected \(selected.text)")
    }

    @Test(arguments: cases(invalid: true))
    func `an invalid query is refused`(_ test: Case) {
        #expect(throws: JSONPath.ParseError.self, "\(test.selector)") { try JSONPath(test.selector) }
    }
}
