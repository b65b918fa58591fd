import Domain
import JSON
import MockEngine
import Testing

struct RouteCodingTests {
    static let id = RouteID("route_0123456789abcdef")!

    static func decode(_ json: JSON) throws -> RouteDefinition {
        let violations = Violations()
        let route = RouteDefinition(json: json, id: id, violations: violations)
        try violations.throwIfAny()
        return try #require(route)
    }

    static func violations(_ json: JSON) -> [String] {
        let violations = Violations()
        let route = RouteDefinition(json: json, id: id, violations: violations)
        if route != nil { return ["decoded"] }
        return violations.list.map { "\($0.pointer) \($0.code)" }
    }

    /// A proper route with some members replaced.
    static func route(_ members: (String, JSON)...) -> JSON {
        var object: JSONObject = ["method": "GET", "path": "/a", "responses": [["status": 200]]]
        for (key, value) in members { object[key] = value }
        return .object(object)
    }

    static func response(_ members: (String, JSON)...) -> JSON {
        route(("responses", [.object(JSONObject(members.map { ($0.0, $0.1) }))]))
    }

    @Test func `the shortest route has the defaults`() throws {
        let route = try Self.decode(["method": "get", "path": "/a", "responses": [[:]]])
        #expect(
            route
                == RouteDefinition(id: Self.id, methods: .some(["GET"]), path: "/a", responses: [ResponseDefinition()]))
    }

    @Test func `every member is read`() throws {
        let route = try Self.decode([
            "name": "create", "method": ["POST", "put", "POST"], "path": "/users/{id}", "priority": -3,
            "enabled": false,
            "match": [
                "query": ["page": ["matches": "^\\d+$"]], "headers": ["X-Env": "a"], "cookies": ["s": ["absent": true]],
                "body": ["json_path": "$.a", "equals": 1],
            ],
            "responses": [
                [
                    "name": "ok", "status": 201, "headers": ["X-A": "1", "Set-Cookie": ["a=1", "b=2"]],
                    "body": ["id": "{{request.path}}"], "template": true, "delay": ["ms": 250],
                    "when": ["query": ["q": "1"]], "weight": 7,
                ]
            ],
            "selection": "weighted",
        ])
        #expect(
            route
                == RouteDefinition(
                    id: Self.id, name: "create", methods: .some(["POST", "PUT"]), path: "/users/{id}", priority: -3,
                    isEnabled: false,
                    match: MatchDefinition(
                        query: [NamedPredicate("page", .matches("^\\d+$"))],
                        headers: [NamedPredicate("x-env", .equals("a"))], cookies: [NamedPredicate("s", .absent)],
                        body: .jsonPath("$.a", .equals(1))),
                    responses: [
                        ResponseDefinition(
                            name: "ok", status: 201,
                            headers: [
                                HeaderField("X-A", "1"), HeaderField("Set-Cookie", "a=1"),
                                HeaderField("Set-Cookie", "b=2"),
                            ],
                            body: .json(["id": "{{request.path}}"]), isTemplate: true, delayMilliseconds: 250,
                            when: MatchDefinition(query: [NamedPredicate("q", .equals("1"))]), weight: 7)
                    ],
                    selection: .weighted))
    }

    @Test(arguments: [
        RouteDefinition(id: id, methods: .any, path: "/", responses: [ResponseDefinition()]),
        RouteDefinition(
            id: id, name: "n", methods: .some(["GET", "PURGE"]), path: "/a/{b}.json/**", priority: 5, isEnabled: false,
            responses: [
                ResponseDefinition(body: .text("plain \"text\"")),
                ResponseDefinition(body: .json([1, nil, ["a": 1.5]])),
                ResponseDefinition(body: .base64("AAEC/w==")),
                ResponseDefinition(body: .schema(["$ref": "#/components/x"])),
                ResponseDefinition(body: .text("")), ResponseDefinition(body: .json(false)),
                ResponseDefinition(
                    name: "all", status: 599,
                    headers: [
                        HeaderField("a", "1"), HeaderField("a", "2"), HeaderField("a", "3"), HeaderField("b", ""),
                    ],
                    isTemplate: true, delayMilliseconds: 60_000, when: MatchDefinition(body: .equals(nil)), weight: 0),
            ], selection: .sequence),
        RouteDefinition(
            id: id, methods: .some(["GET"]), path: "/x",
            match: MatchDefinition(
                query: [
                    NamedPredicate("a", .equals("x")), NamedPredicate("b", .equals(5)),
                    NamedPredicate("c", .not(.absent)),
                    NamedPredicate("d", .any([.equals("1"), .all([.contains("2"), .matches("3")])])),
                ],
                body: .all([
                    .includes(["a": [1]]), .jsonPath("$.a", nil), .jsonPath("$.b", .equals("text")),
                    .jsonPath("$.c", .all([.contains("x"), .not(.equals(nil))])), .not(.not(.absent)),
                ])),
            responses: [ResponseDefinition()], selection: .random),
    ])
    func `what is written reads back the same`(_ route: RouteDefinition) throws {
        #expect(try Self.decode(route.json) == route)
        #expect(try Self.decode(JSON.parse(route.json.text)).json == route.json)
    }

    @Test func `a JSON string or null as a body is written as its text, which is the same bytes`() throws {
        for value: JSON in ["x", nil] {
            var route = try Self.decode(Self.route())
            route.responses[0].body = .json(value)
            #expect(try Self.decode(route.json).responses[0].body == .text(value.text))
        }
    }

    @Test func `all violations are told, each at its place`() {
        let json: JSON = [
            "method": "G T", "path": "/{a}/{a}", "priority": "high", "colour": 1, "selection": "best",
            "match": ["query": ["q": ["matches": "("]], "body": ["json_path": "a.b"], "path": "/"],
            "responses": [
                ["status": 101, "headers": ["X Y": "1"]],
                ["delay": ["ms": 60_001], "weight": -1, "when": ["headers": ["x": 5]]],
                "nothing",
            ],
        ]
        #expect(
            Self.violations(json) == [
                "/colour unknown_field", "/method invalid_value", "/path invalid_path", "/match/path unknown_field",
                "/match/query/q/matches invalid_pattern", "/match/body/json_path invalid_json_path",
                "/responses/0/status out_of_range", "/responses/0/headers/X Y invalid_name",
                "/responses/1/delay/ms out_of_range", "/responses/1/when/headers/x invalid_type",
                "/responses/1/weight out_of_range", "/responses/2 invalid_type", "/priority invalid_type",
                "/selection invalid_value",
            ])
    }

    @Test(
        arguments: [
            (route(("method", nil)), "/method required"), (route(("method", [])), "/method too_few"),
            (route(("method", 5)), "/method invalid_type"),
            (route(("method", ["GET", ""])), "/method/1 invalid_value"),
            (route(("method", .string(String(repeating: "A", count: 31)))), "/method invalid_value"),
            (route(("path", nil)), "/path required"), (route(("path", "a")), "/path invalid_path"),
            (route(("path", "/a/{b")), "/path invalid_path"), (route(("path", "/**/a")), "/path invalid_path"),
            (route(("path", .string(String(repeating: "/a", count: 31)))), "/path invalid_path"),
            (route(("responses", nil)), "/responses required"), (route(("responses", [])), "/responses too_few"),
            (route(("responses", .array(Array(repeating: [:], count: 101)))), "/responses too_many"),
            (route(("name", .string(String(repeating: "n", count: 201)))), "/name too_long"),
            (route(("priority", 1_000_001)), "/priority out_of_range"),
            (route(("enabled", "yes")), "/enabled invalid_type"),
            (route(("match", ["headers": ["a b": "1"]])), "/match/headers/a b invalid_name"),
            (route(("match", ["query": ["a": [:]]])), "/match/query/a required"),
            (route(("match", ["query": ["a": ["any": []]]])), "/match/query/a/any too_few"),
            (route(("match", ["body": [1, 2]])), "/match/body invalid_type"),
            (route(("match", ["body": ["name": "x"]])), "/match/body/name unknown_field"),
            (response(("status", 600)), "/responses/0/status out_of_range"),
            (response(("headers", ["a": "x\r\nSet-Cookie: b=1"])), "/responses/0/headers/a invalid_value"),
            (response(("headers", ["a": ["x", "y\u{0}"]])), "/responses/0/headers/a/1 invalid_value"),
            (response(("headers", ["a": 5])), "/responses/0/headers/a invalid_type"),
            (response(("headers", ["Content-Length": "5"])), "/responses/0/headers/Content-Length reserved_header"),
            (response(("headers", ["a": .array(Array(repeating: "x", count: 101))])), "/responses/0/headers too_many"),
            (response(("body", "a"), ("body_base64", "AA==")), "/responses/0/body_base64 conflict"),
            (response(("body_base64", "A")), "/responses/0/body_base64 invalid_value"),
            (response(("body_schema", [1])), "/responses/0/body_schema invalid_type"),
            (response(("body_schema", ["$ref": "http://x"])), "/responses/0/body_schema/$ref invalid_reference"),
            (response(("delay", 5)), "/responses/0/delay invalid_type"),
            (response(("delay", [:])), "/responses/0/delay/ms required"),
            (response(("weight", 1_000_001)), "/responses/0/weight out_of_range"),
            (response(("template", true), ("body", "{{nonsense(")), "/responses/0/body invalid_template"),
            (response(("template", true), ("body", ["a": ["ok", "{{"]])), "/responses/0/body/a/1 invalid_template"),
            (response(("template", true), ("headers", ["x": "{{"])), "/responses/0/headers/x invalid_template"),
            (["method"], " invalid_type"),
        ] as [(JSON, String)])
    func `one thing wrong gives one violation`(_ json: JSON, _ expected: String) {
        #expect(Self.violations(json) == [expected])
    }

    @Test func `predicates nest sixteen deep and no deeper`() {
        func nested(_ depth: Int) -> JSON { depth == 1 ? ["contains": "x"] : ["not": nested(depth - 1)] }
        #expect(Self.violations(Self.route(("match", ["body": nested(16)]))) == ["decoded"])
        #expect(Self.violations(Self.route(("match", ["body": nested(17)]))).first?.hasSuffix(" too_deep") == true)
    }

    @Test func `braces in a body that is no template are left alone`() throws {
        #expect(try Self.decode(Self.response(("body", "{{"))).responses[0].body == .text("{{"))
    }

    @Test func `the pointer of the caller comes before every place`() {
        let violations = Violations()
        _ = RouteDefinition(json: [:], id: Self.id, at: JSONPointer(["routes", "3"]), violations: violations)
        #expect(violations.list.map(\.pointer).contains("/routes/3/path"))
    }

    @Test func `an operation reads back the same`() {
        let operation = OperationReference(path: "/pets/{id}", method: "get")
        #expect(OperationReference(json: operation.json) == operation)
        #expect(OperationReference(json: nil) == nil)
    }
}
