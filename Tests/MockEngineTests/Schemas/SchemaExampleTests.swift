import JSON
import MockEngine
import Testing

struct SchemaExampleTests {
    private func compile(
        _ text: String, dialect: SchemaDialect = .draft2020
    ) throws -> CompiledSchema {
        try SchemaSet(document: JSON.parse(text), dialect: dialect).schema(at: .root)
    }

    private func example(
        _ text: String, seed: UInt64 = 1, direction: MessageDirection = .response, dialect: SchemaDialect = .draft2020
    ) throws -> JSON {
        var random = SeededGenerator(seed: seed)
        return try compile(text, dialect: dialect).example(using: &random, direction: direction)
    }

    private static let schemas = [
        ##"{"type": "integer", "minimum": 10, "exclusiveMaximum": 12}"##,
        ##"{"type": "number", "minimum": 0.001, "maximum": 0.002}"##,
        ##"{"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 0.05}"##,
        ##"{"type": "integer", "multipleOf": 7, "minimum": 8, "maximum": 20}"##,
        ##"{"allOf": [{"multipleOf": 4}, {"multipleOf": 6}], "type": "integer", "minimum": 1}"##,
        ##"{"type": "integer", "format": "int64", "minimum": 9007199254740993}"##,
        ##"{"type": "integer", "maximum": -5}"##,
        ##"{"type": "string", "minLength": 3, "maxLength": 3}"##,
        ##"{"type": "string", "minLength": 300}"##,
        ##"{"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"}"##,
        ##"{"type": "string", "pattern": "^(?=.*[A-Z])(?=.*\\d)[^ ]{8,}$", "maxLength": 20}"##,
        ##"{"type": "string", "pattern": "^https?://[^/]+(/.*)?$", "minLength": 20}"##,
        ##"{"type": "string", "pattern": "^\\p{Lu}\\p{Ll}+$"}"##,
        ##"{"type": "string", "pattern": "b", "minLength": 5, "maxLength": 9}"##,
        ##"{"type": "string", "pattern": "^(\\+|00)[1-9][0-9 \\-\\(\\)\\.]{7,32}$"}"##,
        ##"{"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 3}, "minItems": 3, "uniqueItems": true}"##,
        ##"{"type": "array", "contains": {"const": "x"}, "minContains": 2, "items": {"type": "string"}}"##,
        ##"{"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}"##,
        ##"{"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3}"##,
        ##"{"type": "object", "patternProperties": {"^x-[a-z]+$": {"type": "string"}}, "additionalProperties": false, "minProperties": 1}"##,
        ##"{"type": "object", "propertyNames": {"pattern": "^[a-z]{2}$"}, "additionalProperties": true, "minProperties": 2}"##,
        ##"{"type": "object", "required": ["a"], "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"b": {"required": ["c"], "properties": {"c": {"const": 1}}}}}"##,
        ##"{"allOf": [{"type": "object", "properties": {"a": {"type": "integer", "minimum": 5}}, "required": ["a"]}, {"properties": {"a": {"maximum": 6}, "b": {"enum": ["x", "y"]}}, "required": ["b"]}], "unevaluatedProperties": false}"##,
        ##"{"oneOf": [{"type": "object", "required": ["kind"], "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}}, {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "dog"}, "tricks": {"type": "array", "items": {"type": "string"}}}}]}"##,
        ##"{"oneOf": [{"type": "number", "multipleOf": 5}, {"type": "number", "multipleOf": 3}]}"##,
        ##"{"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}]}"##,
        ##"{"type": "object", "properties": {"country": {"enum": ["US", "NL"]}, "zip": {"type": "string"}}, "required": ["country", "zip"], "if": {"properties": {"country": {"const": "US"}}}, "then": {"properties": {"zip": {"pattern": "^\\d{5}$"}}}, "else": {"properties": {"zip": {"pattern": "^\\d{4} [A-Z]{2}$"}}}}"##,
        ##"{"type": ["string", "null"], "not": {"enum": ["x", null]}}"##,
        ##"{"type": "object", "properties": {"name": {"type": "string"}, "parent": {"$ref": "#"}, "children": {"type": "array", "items": {"$ref": "#"}}}, "required": ["name", "children"]}"##,
        ##"{"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"type": "object", "properties": {"next": {"$ref": "#/$defs/a"}}, "required": ["next"]}, {"type": "null"}]}}}"##,
        ##"{"type": "object", "properties": {"email": {"type": "string", "maxLength": 12}, "id": {"type": "string", "pattern": "^[0-9a-f]{8}$"}}, "required": ["email", "id"]}"##,
    ]

    @Test(arguments: schemas)
    func `examples satisfy their schema whatever the seed`(text: String) throws {
        let schema = try compile(text)
        for seed in 0..<100 {
            var random = SeededGenerator(seed: UInt64(seed))
            let example = schema.makeExample(using: &random, direction: .response)
            #expect(example.isValid, "seed \(seed): \(example.value.text): \(schema.validate(example.value))")
            #expect(example.value.bytes.count < 5000)
        }
    }

    @Test(
        arguments: [
            "date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference",
            "uuid",
            "regex", "json-pointer", "relative-json-pointer", "byte", "uri-template", "idn-email", "iri",
            "iri-reference",
        ])
    func `examples follow the format`(format: String) throws {
        let schema = try compile(#"{"type": "string", "format": "\#(format)"}"#)
        #expect(!schema.accepts("~ not {any (of\u{1} them"), "the format is not checked")
        for seed in 0..<20 {
            var random = SeededGenerator(seed: UInt64(seed))
            #expect(schema.makeExample(using: &random, direction: .response).isValid)
        }
    }

    @Test func `the same random numbers give the same example`() throws {
        let text = #"{"type": "array", "items": {"type": "string"}, "minItems": 5}"#
        #expect(try example(text, seed: 3) == example(text, seed: 3))
        #expect(try example(text, seed: 3) != example(text, seed: 4))
    }

    @Test func `the author's example is used when it is valid`() throws {
        #expect(try example(#"{"type": "string", "example": "Rex"}"#, dialect: .openAPI30) == "Rex")
        #expect(try example(#"{"type": "string", "examples": [1, "Tom"]}"#) == "Tom")
        #expect(try example(#"{"type": "integer", "default": 42}"#) == 42)
    }

    @Test func `an invalid example of the author is not used`() throws {
        let value = try example(#"{"type": "integer", "example": "Rex"}"#, dialect: .openAPI30)
        #expect(value.integer != nil)
    }

    @Test func `properties travel only the way they may`() throws {
        let text = """
            {"type": "object", "required": ["id", "password", "name"], "properties": {
                "id": {"type": "integer", "readOnly": true},
                "password": {"type": "string", "writeOnly": true},
                "name": {"type": "string"}}}
            """
        #expect(try example(text, direction: .response).object?.keys == ["id", "name"])
        #expect(try example(text, direction: .request).object?.keys == ["password", "name"])
    }

    @Test func `names of properties give life-like values`() throws {
        let text = """
            {"type": "object", "properties": {"email": {"type": "string"}, "createdAt": {"type": "string"},
                "owner_id": {"type": "string"}, "homepage_url": {"type": "string"}}}
            """
        let value = try example(text)
        #expect(value["email"]?.string?.contains("@example.") == true)
        #expect(value["createdAt"]?.string?.hasSuffix("Z") == true)
        #expect(value["owner_id"]?.string?.utf8.count == 36)
        #expect(value["homepage_url"]?.string?.hasPrefix("http") == true)
    }

    @Test func `a schema that nothing satisfies ends with a flag`() throws {
        for text in [
            "false",
            ##"{"allOf": [{"type": "string"}, {"type": "integer"}]}"##,
            ##"{"type": "integer", "minimum": 2, "maximum": 1}"##,
            ##"{"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}"##,
            ##"{"type": "string", "minLength": 1000000000}"##,
            ##"{"type": "array", "minItems": 1000000000}"##,
            ##"{"$ref": "#"}"##,
            ##"{"not": {}}"##,
            ##"{"enum": []}"##,
        ] {
            var random = SeededGenerator(seed: 1)
            let example = try compile(text).makeExample(using: &random, direction: .response)
            #expect(!example.isValid, "\(text): \(example.value.text.prefix(100))")
        }
    }

    @Test func `a schema that doubles at every level stays small`() throws {
        var definitions: JSONObject = ["s0": ["type": "string"]]
        for level in 1..<30 {
            let next: JSON = ["$ref": .string("#/$defs/s\(level - 1)")]
            definitions["s\(level)"] = [
                "type": "object", "required": ["a", "b"], "properties": ["a": next, "b": next],
            ]
        }
        let document: JSON = ["$ref": "#/$defs/s29", "$defs": .object(definitions)]
        let schema = try SchemaSet(document: document, dialect: .draft2020).schema(at: .root)
        var random = SeededGenerator(seed: 1)
        let example = schema.makeExample(using: &random, direction: .response)
        #expect(example.value.bytes.count < 1_000_000)
    }
}
