import Domain
import JSON
import MockEngine
import Testing

struct SchemaValidationTests {
    private func set(_ text: String, _ dialect: SchemaDialect = .draft2020) throws -> SchemaSet {
        SchemaSet(document: try JSON.parse(text), dialect: dialect)
    }

    private func violations(
        _ schema: String, _ value: String, _ dialect: SchemaDialect = .draft2020, direction: MessageDirection? = nil
    ) throws -> [String] {
        try set(schema, dialect).schema(at: .root).validate(JSON.parse(value), direction: direction).map {
            "\($0.pointer) \($0.code)"
        }
    }

    @Test func `every violation is reported with its place`() throws {
        let schema = """
            {"type": "object", "required": ["id", "name"], "additionalProperties": false, "properties": {
                "id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string", "maxLength": 2}},
                "a/b": {"minimum": 3}}}
            """
        let found = try violations(schema, #"{"id": "x", "tags": ["ok", "long", 1], "a/b": 1, "other": 0}"#)
        #expect(
            found == [
                "/name required", "/id type", "/tags/1 max_length", "/tags/2 type", "/a~1b minimum",
                "/other additional_properties",
            ])
    }

    @Test func `messages say what would be right`() throws {
        let schema = try set(#"{"enum": ["red", "green"]}"#).schema(at: .root)
        #expect(schema.validate("blue").first?.message == #"must be one of "red", "green""#)
        let dated = try set(#"{"format": "date"}"#).schema(at: .root)
        #expect(dated.validate("31.1.2026").first?.message == "must be a date such as 2026-01-31")
    }

    @Test func `the closest alternative explains why none fits`() throws {
        let schema = ##"""
            {"oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}], "$defs": {
                "Cat": {"properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind"]},
                "Dog": {"properties": {"kind": {"const": "dog"}, "name": {"type": "string"}}, "required": ["kind"]}}}
            """##
        let found = try set(schema).schema(at: .root).validate(["kind": "dog", "name": 3, "lives": 1])
        #expect(found.map(\.code) == ["one_of", "type"])
        #expect(found.first?.message.contains("closest is Dog") == true)
        #expect(found.last?.pointer == "/name")
    }

    @Test func `the number of violations is bounded`() throws {
        let schema = try set(#"{"items": {"type": "string"}}"#).schema(at: .root)
        let value = JSON.array((0..<1000).map { JSON($0) })
        #expect(schema.validate(value, limit: 10).count == 10)
        #expect(!schema.accepts(value))
    }

    @Test func `nullable admits null in OpenAPI 3.0 and nothing elsewhere`() throws {
        let schema = #"{"type": "string", "nullable": true, "enum": ["a"]}"#
        #expect(try violations(schema, "null", .openAPI30) == [])
        #expect(try violations(schema, "null", .draft2020) == [" type"])
    }

    @Test func `exclusive bounds are flags in OpenAPI 3.0 and numbers in 3.1`() throws {
        #expect(try violations(#"{"minimum": 1, "exclusiveMinimum": true}"#, "1", .openAPI30) == [" exclusive_minimum"])
        #expect(try violations(#"{"exclusiveMinimum": 1}"#, "1") == [" exclusive_minimum"])
    }

    @Test func `keywords beside a reference count in OpenAPI 3.1 only`() throws {
        let schema = ##"{"$ref": "#/components/a", "maxLength": 1, "components": {"a": {"type": "string"}}}"##
        #expect(try violations(schema, #""long""#, .openAPI30) == [])
        #expect(try violations(schema, #""long""#, .draft2020) == [" max_length"])
    }

    @Test func `properties of the other direction are not required`() throws {
        let schema = ##"""
            {"required": ["id", "password"], "properties": {"id": {"$ref": "#/$defs/id"}, "password": {"writeOnly": true}},
             "$defs": {"id": {"readOnly": true}}}
            """##
        #expect(try violations(schema, "{}", direction: .request) == ["/password required"])
        #expect(try violations(schema, "{}", direction: .response) == ["/id required"])
        #expect(try violations(schema, "{}").count == 2)
    }

    @Test(arguments: [
        ##"{"$ref": "#"}"##, ##"{"allOf": [{"$ref": "#"}]}"##, ##"{"not": {"$ref": "#"}}"##,
        ##"{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}"##,
    ])
    func `a schema that refers to itself without end is refused, not followed`(text: String) throws {
        #expect(try violations(text, "1") == [" too_complex"])
    }

    @Test func `alternatives that double at every level run into the bound`() throws {
        var definitions: JSONObject = ["s0": ["type": "string"]]
        for level in 1..<60 {
            let next: JSON = ["$ref": .string("#/$defs/s\(level - 1)")]
            definitions["s\(level)"] = ["anyOf": [next, next]]
        }
        let document: JSON = ["$ref": "#/$defs/s59", "$defs": .object(definitions)]
        let schema = try SchemaSet(document: document, dialect: .draft2020).schema(at: .root)
        #expect(schema.validate(1).map(\.code) == ["too_complex"])
        #expect(!schema.accepts(1))
    }

    @Test func `a long chain of references compiles`() throws {
        var definitions: JSONObject = ["s0": ["type": "string"]]
        for level in 1..<20_000 { definitions["s\(level)"] = ["$ref": .string("#/$defs/s\(level - 1)")] }
        let document: JSON = ["$ref": "#/$defs/s19999", "$defs": .object(definitions)]
        let schema = try SchemaSet(document: document, dialect: .draft2020).schema(at: .root)
        #expect(schema.validate(1).map(\.code) == ["too_complex"])
    }

    @Test func `many elements are compared for uniqueness in reasonable time`() throws {
        let schema = try set(#"{"uniqueItems": true}"#).schema(at: .root)
        var elements = (0..<20_000).map { JSON.object(["k": JSON($0)]) }
        #expect(schema.accepts(.array(elements)))
        elements.append(elements[5])
        #expect(schema.validate(.array(elements)).map(\.pointer) == ["/20000"])
    }

    @Test func `a reference that leads nowhere is refused with its place`() throws {
        let schemas = try set(##"{"a": {"properties": {"x": {"$ref": "#/nothing"}}}, "b": {"type": "string"}}"##)
        let error = #expect(throws: SchemaError.self) { try schemas.schema(at: JSONPointer(["a"])) }
        #expect(error?.description == "/a/properties/x: the reference '#/nothing' leads nowhere")
        #expect(throws: SchemaError.self) { try schemas.schema(at: JSONPointer(["a"])) }
        #expect(try schemas.schema(at: JSONPointer(["b"])).accepts("x"))
    }

    @Test func `references of a schema from elsewhere lead into the document`() throws {
        let schemas = try set(##"{"components": {"schemas": {"A": {"type": "integer"}}}}"##)
        let direct = try schemas.compile(["$ref": "#/components/schemas/A"])
        let list = try schemas.compile(["type": "array", "items": ["$ref": "#/components/schemas/A"]])
        #expect(direct.accepts(1) && !direct.accepts("x"))
        #expect(list.accepts([1]) && !list.accepts(["x"]))
    }

    @Test func `keywords that cannot be used are left out with a warning`() throws {
        let schemas = try set(
            #"{"type": "file", "pattern": "(?<=a)b", "minLength": -1, "required": true, "maxLength": 3}"#)
        let schema = try schemas.schema(at: .root)
        #expect(schema.accepts("abc") && !schema.accepts("abcd"))
        #expect(schemas.warnings.count == 4)
    }

    @Test func `a schema outlives the set it came from`() throws {
        let schema = try set(##"{"properties": {"a": {"$ref": "#"}}, "type": "object"}"##).schema(at: .root)
        #expect(schema.accepts(["a": ["a": [:]]]) && !schema.accepts(["a": ["a": 1]]))
    }
}
