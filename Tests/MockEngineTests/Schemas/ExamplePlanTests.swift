import Domain
import JSON
import Testing

@testable import MockEngine

struct ExamplePlanTests {
    private static let planned = [
        ##"{"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}, "n": {"type": "integer", "minimum": 3, "exclusiveMaximum": 5}, "s": {"enum": ["a", null, "b"]}, "ok": {"type": "boolean"}}, "additionalProperties": false}"##,
        ##"{"type": "array", "minItems": 20, "maxItems": 20, "items": {"type": "object", "properties": {"price": {"type": "number"}, "name": {"type": "string", "maxLength": 4}, "email": {"type": "string", "format": "email"}}}}"##,
        ##"{"type": "object", "properties": {"score": {"type": "number", "minimum": -2, "maximum": 2}, "x": {"type": "number", "exclusiveMinimum": 5}, "y": {"type": "integer", "maximum": -10}, "z": {"type": ["integer", "null"], "format": "int32"}, "w": {"type": "number", "format": "int64"}}}"##,
        ##"{"type": "object", "properties": {"code": {"type": "string", "pattern": "^[A-Z]{3}$"}, "either": {"oneOf": [{"type": "integer"}, {"type": "string", "minLength": 2}]}, "tags": {"type": "array", "uniqueItems": true, "items": {"type": "string"}}}}"##,
        ##"{"$ref": "#/$defs/order", "$defs": {"order": {"type": "object", "properties": {"customer": {"allOf": [{"$ref": "#/$defs/person"}]}, "note": {"type": "string", "minLength": 40}, "title": {"type": "string", "examples": ["A \"quoted\" title"]}, "secret": {"type": "string", "writeOnly": true}}, "required": ["secret"]}, "person": {"properties": {"created_at": {"type": "string", "format": "date-time"}, "age": {"type": "integer"}, "any": true}}}}"##,
    ]

    private static let tried = [
        ##"{"type": "object", "required": ["child"], "properties": {"child": {"$ref": "#"}}}"##,
        ##"{"type": "object", "additionalProperties": {"type": "integer"}}"##,
        ##"{"oneOf": [{"type": "integer"}, {"type": "string"}]}"##,
        ##"{"type": "object", "required": ["unnamed"]}"##,
        ##"false"##,
    ]

    private func compile(_ text: String) throws -> CompiledSchema {
        try SchemaSet(document: JSON.parse(text), dialect: .draft2020).schema(at: .root)
    }

    @Test(arguments: planned)
    func `what a plan writes satisfies the schema whatever the seed`(text: String) throws {
        let schema = try compile(text)
        let plan = try #require(ExamplePlanner.plan(schema, direction: .response))
        for seed in 0..<300 {
            let bytes = try #require(
                ExampleWriter.example(plan, of: schema, direction: .response, seed: UInt64(seed)))
            let value = try JSON.parse(bytes)
            #expect(schema.validate(value, direction: .response).isEmpty, "seed \(seed): \(value.text)")
        }
    }

    @Test(arguments: tried)
    func `a schema whose examples need trying has no plan`(text: String) throws {
        #expect(ExamplePlanner.plan(try compile(text), direction: .response) == nil)
    }

    @Test func `a plan leaves out what would lead back up`() throws {
        let schema = try compile(
            ##"{"type": "object", "properties": {"id": {"type": "integer"}, "child": {"$ref": "#"}}}"##)
        let plan = try #require(ExamplePlanner.plan(schema, direction: .response))
        let bytes = try #require(ExampleWriter.example(plan, of: schema, direction: .response, seed: 1))
        #expect(try JSON.parse(bytes).object?.map(\.key) == ["id"])
    }

    @Test func `a member that only requests may have is left out of responses`() throws {
        let schema = try compile(Self.planned[4])
        let plan = try #require(ExamplePlanner.plan(schema, direction: .response))
        let bytes = try #require(ExampleWriter.example(plan, of: schema, direction: .response, seed: 1))
        #expect(try JSON.parse(bytes)["secret"] == nil)
    }

    @Test(arguments: FakeKind.allCases)
    func `made-up data needs no escapes in JSON`(kind: FakeKind) {
        var random = TemplateRandom.seeded(SeededGenerator(seed: 7))
        for _ in 0..<500 {
            var bytes: [UInt8] = []
            kind.write(now: .init(seconds: 1_767_225_600), &random, to: &bytes)
            #expect(bytes.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        }
    }

    @Test(arguments: StringFormat.allCases)
    func `a text in a format is valid for it and needs no escapes in JSON`(format: StringFormat) {
        var random = TemplateRandom.seeded(SeededGenerator(seed: 7))
        for _ in 0..<500 {
            let text = PropertyMeaning.text(of: format, &random)
            #expect(format.accepts(text), "\(text)")
            #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        }
    }
}
