import Domain
import Foundation
import JSON
import Testing

@testable import MockEngine

/// The guide's tables are the test: every row with a template is rendered and compared.
struct TemplateGuideTests {
    struct Example: CustomStringConvertible {
        let template: String
        let result: String
        let isJSON: Bool
        var description: String { template }
    }

    static let guide: String = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../docs/guide/templates.md")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    static var examples: [Example] {
        var examples: [Example] = []
        var isJSON: Bool?
        for line in guide.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "| Template | Result |" { isJSON = false }
            if line == "| JSON template | Result |" { isJSON = true }
            if !line.hasPrefix("|") { isJSON = nil }
            guard let isJSON, line.hasPrefix("| `"), line.hasSuffix("` |") else { continue }
            let cells = line.dropFirst(3).dropLast(3).replacing("\\|", with: "|").split(separator: "` | `")
            examples.append(Example(template: String(cells[0]), result: String(cells.last ?? ""), isJSON: isJSON))
        }
        return examples
    }

    static func view() -> RequestView {
        let body = guide.split(separator: "```json\n", maxSplits: 1).last?.prefix { $0 != "`" } ?? ""
        let view = RequestView(
            MockRequest(
                method: "POST", host: "api.example.com", path: "/users/42/orders",
                query: "page=2&tag=red&tag=blue&q=a%20b",
                headers: [
                    HeaderField("host", "api.example.com"), HeaderField("content-type", "application/json"),
                    HeaderField("x-request-id", "abc-123"), HeaderField("cookie", "session=s1; theme=dark"),
                ], body: Array(body.utf8)))
        view.pathParameters = [("id", "42")]
        return view
    }

    @Test(arguments: examples)
    func `an example in the guide renders as the guide says`(_ example: Example) throws {
        let template =
            example.isJSON
            ? try CompiledTemplate(json: try JSON.parse(example.template))
            : try CompiledTemplate(text: example.template)
        let now = try #require(Timestamp(rfc3339: "2026-01-31T09:05:07.123Z"))
        var environment = TemplateEnvironment(now: now, seed: 42)
        var bytes: [UInt8] = []
        try template.render(Self.view(), &environment, into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == example.result)
    }

    @Test func `the guide shows every helper and every kind of fake data`() {
        let templates = Self.examples.map(\.template)
        for helper in TemplateHelper.allCases {
            #expect(templates.contains { $0.contains("{{\(helper.rawValue)") || $0.contains("(\(helper.rawValue)") })
        }
        for kind in FakeKind.allCases { #expect(templates.contains { $0.contains("\"\(kind.rawValue)\"") }) }
        for member in RequestValue.memberNames where member != "form" {
            #expect(templates.contains { $0.contains("request.\(member)") })
        }
    }
}
