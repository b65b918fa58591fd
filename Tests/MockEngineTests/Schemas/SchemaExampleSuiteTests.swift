import Foundation
import JSON
import MockEngine
import Testing

@Suite(.enabled(if: SchemaSuite.isPresent, "the JSON Schema test suite is not beside the project"))
struct SchemaExampleSuiteTests {
    /// Every schema of the suite that some value satisfies, and that compiles without documents from elsewhere on the net.
    @Test func `nearly every satisfiable schema of the suite gets an example that satisfies it`() throws {
        var count = 0
        var failed: [String] = []
        for group in try SchemaSuite.groups(in: "draft2020-12") where group.tests.contains(where: \.isValid) {
            let set = SchemaSet(
                document: group.schema, dialect: .draft2020, formats: .annotation, others: SchemaSuite.remotes)
            guard let schema = try? set.schema(at: .root) else { continue }
            count += 1
            var random = SeededGenerator(seed: 7)
            let example = schema.makeExample(using: &random, direction: .response)
            #expect(example.isValid == schema.accepts(example.value, direction: .response))
            if !example.isValid { failed.append("\(group.file): \(group.description): \(example.value.text)") }
        }
        let share = Double(count - failed.count) / Double(count)
        print("examples: \(count - failed.count) of \(count) satisfy their schema")
        #expect(share >= 0.99, "\(failed.joined(separator: "\n"))")
    }

    @Test func `every schema of a large real description gets an example that satisfies it`() throws {
        let file = SchemaSuite.folder.deletingLastPathComponent()
            .appendingPathComponent("openapi/twilio_api_v2010.json")
        let document = try JSON.parse([UInt8](Data(contentsOf: file)))
        let set = SchemaSet(document: document, dialect: .openAPI30)
        let names = try #require(document["components"]?["schemas"]?.object).keys
        for name in names {
            let schema = try set.schema(at: JSONPointer(["components", "schemas", name]))
            var random = SeededGenerator(seed: 11)
            let example = schema.makeExample(using: &random, direction: .response)
            #expect(example.isValid, "\(name): \(schema.validate(example.value)) in \(example.value.text)")
        }
        #expect(names.count > 100)
    }
}
