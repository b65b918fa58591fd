import Domain
import JSON
import Testing

@testable import MockEngine

struct OpenAPIImporterTests {
    private func read(_ text: String) throws(Problem) -> ImportedMock { try ImportingSamples.read(text) }

    /// The responses of the one operation whose `responses` are the given YAML, indented by eight.
    private func responses(_ text: String, rest: String = "") throws -> [ResponseDefinition] {
        let mock = try read(ImportingSamples.description("  /x:\n    get:\n      responses:\n\(text)", rest: rest))
        return try #require(mock.routes.first).responses
    }

    // MARK: - The head

    @Test func `name, version and base path come from the top of the file`() throws {
        let mock = try read(
            """
            openapi: 3.0.3
            info: {title: ' Pets ', version: 2.10}
            servers:
              - url: 'https://{region}.example.com:8443/{stage}/v2/'
                variables: {region: {default: eu}, stage: {default: live}}
            paths: {}
            """)
        #expect(mock.name == "Pets")
        #expect(mock.version == "2.10")
        #expect(mock.format == "openapi 3.0.3")
        #expect(mock.suggestedBasePath == "/live/v2")
    }

    @Test(arguments: [
        ("/", ""), ("/api/", "/api"), ("api", "/api"), ("https://example.com", ""), ("//example.com/a/b", "/a/b"),
        ("https://example.com/{unknown}/a", ""), ("./v1", "/v1"),
    ])
    func `the base path is the path of a server`(url: String, path: String) throws {
        let mock = try read("openapi: 3.1.0\ninfo: {title: T, version: '1'}\nservers: [{url: '\(url)'}]\npaths: {}")
        #expect(mock.suggestedBasePath == path)
    }

    @Test(arguments: [
        ("swagger: '2.0'", "swagger2openapi"), ("openapi: 4.0.0", "OpenAPI 4.0.0"), ("openapi: 3.2.0", "OpenAPI 3.2.0"),
        ("asyncapi: 2.6.0", "AsyncAPI"), ("log: {entries: []}", "HAR"), ("item: []", "Postman"), ("a: 1", "openapi"),
        ("[]", "array"), ("just text", "string"),
    ])
    func `another format is refused by name`(text: String, word: String) {
        let problem = ImportingSamples.problem(text)
        #expect(problem?.kind == .unprocessable)
        #expect(problem?.code == "unsupported_format")
        #expect(problem?.detail.contains(word) == true)
    }

    @Test func `everything that is missing is told at once`() {
        let problem = ImportingSamples.problem("openapi: 3.0.0\ninfo: {version: '1'}\n")
        #expect(problem?.code == "validation_failed")
        #expect(problem?.errors.map(\.pointer) == ["/info/title", "/paths"])
    }

    @Test func `paths may be absent from 3.1 beside webhooks`() throws {
        let mock = try read("openapi: 3.1.0\ninfo: {title: T, version: '1'}\nwebhooks: {a: {}}")
        #expect(mock.routes.isEmpty)
        #expect(mock.warnings.map(\.code) == ["webhooks_ignored"])
        #expect(mock.warnings.first?.line == 3)
    }

    // MARK: - Routes

    @Test func `each operation is a route`() throws {
        let mock = try read(
            ImportingSamples.description(
                """
                  x-internal: {}
                  /pets/{id}.{format}:
                    summary: not a method
                    get: {operationId: getPet, responses: {'200': {description: ok}}}
                    delete: {summary: Remove a pet, responses: {'204': {description: ok}}}
                  /pets:
                    post: {responses: {'201': {description: ok}}}
                """))
        #expect(mock.routes.map(\.name) == ["getPet", "Remove a pet", "POST /pets"])
        #expect(mock.routes.map(\.path) == ["/pets/{id}.{format}", "/pets/{id}.{format}", "/pets"])
        #expect(mock.routes.map(\.methods) == [.some(["GET"]), .some(["DELETE"]), .some(["POST"])])
        #expect(mock.routes[1].operation == OperationReference(path: "/pets/{id}.{format}", method: "delete"))
        #expect(Set(mock.routes.map(\.id)).count == 3)
    }

    @Test func `a path that no route can have is refused with its line`() {
        let problem = ImportingSamples.problem(ImportingSamples.description("  /ok: {}\n  pets: {}\n  /a{b: {}"))
        #expect(problem?.errors.map(\.pointer) == ["/paths/pets", "/paths/~1a{b"])
        #expect(problem?.errors.first?.message.contains("line 5") == true)
    }

    @Test func `a query in a path becomes a condition`() throws {
        let mock = try read(ImportingSamples.description("  /run?action=start:\n    get: {responses: {'200': {}}}"))
        #expect(mock.routes.first?.path == "/run")
        #expect(mock.routes.first?.match.query == [NamedPredicate("action", .equals("start"))])
        #expect(mock.warnings.map(\.code) == ["path_simplified"])
    }

    @Test func `paths that differ only in names are told`() throws {
        let mock = try read(
            ImportingSamples.description(
                """
                  /a/{x}:
                    get: {responses: {'200': {}}}
                  /a/{y}:
                    get: {responses: {'200': {}}}
                    put: {responses: {'200': {}}}
                """))
        #expect(mock.routes.count == 3)
        #expect(mock.warnings.map(\.code) == ["duplicate_route"])
        #expect(mock.warnings.first?.line == 7)
    }

    @Test func `more than ten thousand operations are refused`() {
        let operation = "{\"get\":{\"responses\":{\"200\":{}}}}"
        let paths = (0...10_000).map { "\"/p\($0)\":\(operation)" }.joined(separator: ",")
        let problem = ImportingSamples.problem(
            "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"T\",\"version\":\"1\"},\"paths\":{\(paths)}}")
        #expect(problem?.code == "too_many_operations")
    }

    // MARK: - Responses

    @Test func `the lowest success comes first, then the others by status`() throws {
        let responses = try responses(
            "        '404': {}\n        '301': {}\n        '202': {}\n        '201': {}\n        default: {}")
        #expect(responses.map(\.status) == [201, 202, 301, 404, 500])
    }

    @Test func `default is the success where there is no other`() throws {
        #expect(try responses("        default: {}\n        '400': {}").map(\.status) == [200, 400])
    }

    @Test func `the lowest status comes first where there is no success`() throws {
        #expect(try responses("        '404': {}\n        '302': {}").map(\.status) == [302, 404])
    }

    @Test func `a range stands for its first free status`() throws {
        #expect(try responses("        2XX: {}\n        4xx: {}\n        '400': {}").map(\.status) == [200, 400, 401])
    }

    @Test func `statuses that are none are told and left out`() throws {
        let mock = try read(
            ImportingSamples.description("  /x:\n    get:\n      responses: {'101': {}, ok: {}, '200': {}}"))
        #expect(mock.routes.first?.responses.map(\.status) == [200])
        #expect(mock.warnings.map(\.code) == ["status_ignored", "status_ignored"])
    }

    @Test func `an operation without responses answers 200 with a warning`() throws {
        let mock = try read(ImportingSamples.description("  /x:\n    get: {}"))
        #expect(mock.routes.first?.responses == [ResponseDefinition(status: 200)])
        #expect(mock.warnings.map(\.code) == ["no_responses"])
    }

    @Test func `JSON is preferred to other media types`() throws {
        let responses = try responses(
            """
                    '200':
                      content:
                        text/html: {example: <p>}
                        application/hal+json: {example: 2}
                        application/json: {example: 1}
            """)
        #expect(responses.map(\.body) == [.json(1)])
        #expect(responses.first?.headers == [HeaderField("content-type", "application/json")])
    }

    @Test func `text examples are text`() throws {
        let responses = try responses("        '200': {content: {text/plain: {example: Hello}}}")
        #expect(responses.first?.body == .text("Hello"))
    }

    @Test func `each named example is a response of that name`() throws {
        let responses = try responses(
            """
                    '200':
                      content:
                        application/json:
                          examples:
                            cat: {value: {a: 1}}
                            dog: {$ref: '#/components/examples/dog'}
                            far: {externalValue: 'https://example.com/far.json'}
            """, rest: "components: {examples: {dog: {value: {a: 2}}}}")
        #expect(responses.map(\.name) == ["cat", "dog"])
        #expect(responses.map(\.body) == [.json(["a": 1]), .json(["a": 2])])
    }

    @Test func `a JSON example written as text is read`() throws {
        let responses = try responses("        '200': {content: {application/json: {example: '{\"a\": 1}'}}}")
        #expect(responses.first?.body == .json(["a": 1]))
    }

    @Test func `a JSON example that is a string or null keeps its JSON text in the wire form`() throws {
        let responses = try responses(
            """
                    '200': {content: {application/json: {example: one}}}
                    '400': {content: {application/json: {example: null}}}
            """)
        #expect(responses.map(\.body) == [.text("\"one\""), .text("null")])
    }

    @Test func `without an example the body is made from the schema where it stands`() throws {
        let responses = try responses(
            """
                    '200': {content: {application/json: {schema: {type: array}}}}
                    '404': {content: {application/json: {schema: {$ref: '#/components/schemas/A~1b'}}}}
            """, rest: "components: {schemas: {A/b: {type: object}}}")
        #expect(
            responses.map(\.body) == [
                .schema(["$ref": "#/paths/~1x/get/responses/200/content/application~1json/schema"]),
                .schema(["$ref": "#/components/schemas/A~1b"]),
            ])
    }

    @Test func `a status without a body has none`() throws {
        let responses = try responses("        '204': {content: {application/json: {example: 1}}}")
        #expect(responses == [ResponseDefinition(status: 204)])
    }

    @Test func `an example that breaks its schema comes after made data, by name`() throws {
        let mock = try read(
            ImportingSamples.description(
                """
                  /x:
                    get:
                      responses:
                        '200':
                          content:
                            application/json:
                              schema: {type: object, required: [id], properties: {id: {type: integer}}}
                              example: {id: seven}
                """))
        let responses = try #require(mock.routes.first).responses
        #expect(responses.map(\.name) == ["", "example"])
        guard case .schema = responses[0].body else {
            Issue.record("the first body is not made from the schema")
            return
        }
        #expect(responses[1].body == .json(["id": "seven"]))
        let warning = try #require(mock.warnings.first)
        #expect(warning.code == "example_invalid")
        #expect(warning.line == 11)
        #expect(warning.pointer.description == "/paths/~1x/get/responses/200/content/application~1json/example")
        #expect(warning.message.contains("GET /x, 200") && warning.message.contains("/id"))
    }

    @Test func `a valid example comes before one that is not`() throws {
        let responses = try responses(
            """
                    '200':
                      content:
                        application/json:
                          schema: {type: integer}
                          examples:
                            bad: {value: x}
                            good: {value: 1}
            """)
        #expect(responses.map(\.name) == ["good", "bad"])
    }

    @Test func `headers get their example, default or a simple value`() throws {
        let responses = try responses(
            """
                    '200':
                      headers:
                        X-Example: {example: a, schema: {type: string}}
                        X-Examples: {examples: {one: {value: [1, 2]}}}
                        X-Default: {schema: {type: integer, default: 5}}
                        X-Integer: {schema: {type: integer, minimum: 3}}
                        X-Pattern: {schema: {type: string, pattern: '^a$'}}
                        X-Ref: {$ref: '#/components/headers/R'}
                        Content-Length: {schema: {type: integer}}
                        'bad name': {example: a}
            """, rest: "components: {headers: {R: {schema: {type: boolean}}}}")
        #expect(
            responses.first?.headers == [
                HeaderField("x-example", "a"), HeaderField("x-examples", "1,2"), HeaderField("x-default", "5"),
                HeaderField("x-integer", "3"), HeaderField("x-ref", "true"),
            ])
    }

    // MARK: - References

    @Test func `references are followed through chains`() throws {
        let mock = try read(
            ImportingSamples.description(
                "  /x: {$ref: '#/components/pathItems/P'}",
                rest: """
                    components:
                      pathItems:
                        P:
                          get: {responses: {'200': {$ref: '#/components/responses/A'}}}
                      responses:
                        A: {$ref: '#/components/responses/B%20c'}
                        B c: {content: {application/json: {example: 1}}}
                    """))
        #expect(mock.routes.first?.responses.first?.body == .json(1))
        #expect(mock.routes.first?.operation == OperationReference(path: "/x", method: "get"))
    }

    @Test func `a reference that goes round is refused with its line`() {
        let problem = ImportingSamples.problem(
            ImportingSamples.description(
                "  /x:\n    get:\n      responses:\n        '200': {$ref: '#/components/responses/A'}",
                rest: """
                    components:
                      responses:
                        A: {$ref: '#/components/responses/B'}
                        B: {$ref: '#/components/responses/A'}
                    """))
        #expect(problem?.errors.map(\.code) == ["reference_cycle"])
        #expect(problem?.errors.first?.pointer == "/paths/~1x/get/responses/200")
        #expect(problem?.errors.first?.message.contains("line 7") == true)
    }

    @Test func `a reference to nothing is refused`() {
        let problem = ImportingSamples.problem(
            ImportingSamples.description(
                """
                  /x:
                    get:
                      parameters: [{$ref: '#/components/parameters/P'}]
                      responses: {'200': {$ref: '#/components/responses/R'}}
                """))
        #expect(problem?.errors.map(\.code) == ["unresolved_reference", "unresolved_reference"])
    }

    @Test func `a reference out of the file is a warning`() throws {
        let mock = try read(
            ImportingSamples.description(
                """
                  /x:
                    get:
                      responses:
                        '200': {$ref: 'other.yaml#/R'}
                        '404':
                          content:
                            application/json: {schema: {type: object, properties: {a: {$ref: 'b.yaml'}}}}
                """))
        let external = mock.warnings.filter { $0.code == "external_reference" }
        #expect(external.map(\.line) == [7, 10])
        #expect(mock.routes.first?.responses.map(\.status) == [200, 404])
    }

    @Test func `a schema that refers to nothing is a warning with its place`() throws {
        let mock = try read(
            ImportingSamples.description(
                "  /x: {}",
                rest:
                    "components:\n  schemas:\n    A: {properties: {$ref: {type: string}, b: {$ref: '#/components/schemas/B'}}}"
            ))
        #expect(mock.warnings.map(\.code) == ["unresolved_reference"])
        #expect(mock.warnings.first?.pointer.description == "/components/schemas/A/properties/b")
        #expect(mock.warnings.first?.line == 7)
    }

    @Test func `a hopeless file has a bounded report`() throws {
        let paths = (0..<300).map { "  /p\($0):\n    get: {}" }.joined(separator: "\n")
        let mock = try read(ImportingSamples.description(paths))
        #expect(mock.warnings.count == 201)
        #expect(mock.warnings.last?.code == "more_warnings")
    }
}
