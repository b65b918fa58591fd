import Domain
import JSON
import MockEngine
import Testing

struct CompiledWorkspaceTests {
    private static let random = Surroundings(now: { Timestamp(microseconds: 0) }, random: { 0x1234_5678_9ABC_DEF0 })

    private func workspace(
        _ routes: [JSON], settings: WorkspaceSettings = WorkspaceSettings(), document: JSON? = nil
    ) throws -> CompiledWorkspace {
        let definitions = try routes.map { json in
            let violations = Violations()
            let route = RouteDefinition(json: json, id: RouteID(from: .system), violations: violations)
            try violations.throwIfAny()
            return try #require(route)
        }
        let mock = MockDefinition(
            id: MockID(from: .system), name: "test", basePath: "/api", routes: definitions, document: document)
        return CompiledWorkspace(
            id: WorkspaceID(from: .system), slug: .default, settings: settings, mocks: [mock])
    }

    private func get(_ path: String, headers: [HeaderField] = []) -> MockRequest {
        MockRequest(method: "GET", path: path, headers: headers)
    }

    @Test func `a static route answers its body, status and headers, and names itself`() throws {
        let workspace = try workspace([
            [
                "method": "GET", "path": "/users",
                "responses": [["status": 201, "headers": ["X-Kind": ["a", "b"]], "body": ["id": 1]]],
            ]
        ])
        let reply = workspace.respond(to: get("/api/users"), Self.random)
        #expect(reply.outcome == .matched)
        #expect(reply.status == 201)
        #expect(String(decoding: reply.body, as: UTF8.self) == #"{"id":1}"#)
        #expect(reply.headers.filter { $0.name == "x-kind" }.map(\.value) == ["a", "b"])
        #expect(reply.headers.contains(HeaderField("content-type", "application/json")))
        #expect(reply.routeID != nil)
    }

    @Test func `responses of a sequence come in turn and begin again`() throws {
        let workspace = try workspace([
            [
                "path": "/s", "method": "GET", "selection": "sequence",
                "responses": [["body": "one"], ["body": "two"], ["body": "three"]],
            ]
        ])
        let bodies = (0..<5).map { _ in
            String(decoding: workspace.respond(to: get("/api/s"), Self.random).body, as: UTF8.self)
        }
        #expect(bodies == ["one", "two", "three", "one", "two"])
    }

    @Test func `a response with weight zero is never chosen`() throws {
        let workspace = try workspace([
            [
                "path": "/w", "method": "GET", "selection": "weighted",
                "responses": [["body": "never", "weight": 0], ["body": "always", "weight": 5]],
            ]
        ])
        for _ in 0..<20 {
            #expect(workspace.respond(to: get("/api/w"), .system).body == Array("always".utf8))
        }
    }

    @Test func `the first response whose condition holds answers`() throws {
        let workspace = try workspace([
            [
                "path": "/c", "method": "GET",
                "responses": [
                    ["when": ["query": ["kind": "cat"]], "body": "miaow"], ["body": "silence"],
                ],
            ]
        ])
        var request = get("/api/c")
        request.query = "kind=cat"
        #expect(workspace.respond(to: request, Self.random).body == Array("miaow".utf8))
        #expect(workspace.respond(to: get("/api/c"), Self.random).body == Array("silence".utf8))
    }

    @Test func `Prefer chooses by status and by name, and is ignored when nothing satisfies it`() throws {
        let workspace = try workspace([
            [
                "path": "/p", "method": "GET",
                "responses": [
                    ["body": "ok"], ["status": 404, "body": "gone"], ["name": "dog", "body": "woof"],
                ],
            ]
        ])
        func answer(_ prefer: String) -> MockReply {
            workspace.respond(to: get("/api/p", headers: [HeaderField("prefer", prefer)]), Self.random)
        }
        #expect(answer("code=404").status == 404)
        #expect(answer("code=404").headers.contains(HeaderField("preference-applied", "code=404")))
        #expect(answer("example=\"dog\"").body == Array("woof".utf8))
        #expect(answer("code=500").body == Array("ok".utf8))
        #expect(!answer("code=500").headers.contains { $0.name == "preference-applied" })
    }

    @Test func `a template sees the request and is typed in JSON`() throws {
        let workspace = try workspace([
            [
                "path": "/users/{id}", "method": "GET",
                "responses": [
                    ["template": true, "body": ["id": "{{request.path_params.id}}", "q": "{{request.query.q}}!"]]
                ],
            ]
        ])
        var request = get("/api/users/a%20b")
        request.query = "q=x"
        let body = try JSON.parse(workspace.respond(to: request, Self.random).body)
        #expect(body == ["id": "a b", "q": "x!"])
    }

    @Test func `an unknown path lists the nearest routes, unless that is switched off`() throws {
        let routes: [JSON] = [["path": "/users/{id}", "method": "GET", "responses": [["body": "x"]]]]
        let reply = try workspace(routes).respond(to: get("/api/user/5"), Self.random)
        #expect(reply.status == 404)
        let body = try JSON.parse(reply.body)
        #expect(body["code"] == "no_route")
        #expect(body["near_misses"]?.array?.isEmpty == false)
        var quiet = WorkspaceSettings()
        quiet.nearMiss = false
        let silent = try JSON.parse(
            workspace(routes, settings: quiet).respond(to: get("/api/user/5"), Self.random).body)
        #expect(silent["near_misses"] == nil)
    }

    @Test func `a known path under another method is 405 with the methods that it takes`() throws {
        let workspace = try workspace([["path": "/users", "method": ["GET", "POST"], "responses": [["body": "x"]]]])
        let reply = workspace.respond(to: MockRequest(method: "DELETE", path: "/api/users"), Self.random)
        #expect(reply.status == 405)
        let allow = reply.headers.first { $0.name == "allow" }?.value ?? ""
        #expect(Set(allow.split(separator: ", ")) == ["GET", "HEAD", "POST"])
    }

    @Test func `a seeded workspace repeats itself, an unseeded one does not`() throws {
        let routes: [JSON] = [["path": "/r", "method": "GET", "responses": [["template": true, "body": "{{uuid}}"]]]]
        var seeded = WorkspaceSettings()
        seeded.seed = 7
        let fixed = try workspace(routes, settings: seeded)
        #expect(fixed.respond(to: get("/api/r"), .system).body == fixed.respond(to: get("/api/r"), .system).body)
        let free = try workspace(routes)
        #expect(free.respond(to: get("/api/r"), .system).body != free.respond(to: get("/api/r"), .system).body)
    }

    @Test func `validation reports in a header or refuses, as the workspace says`() throws {
        let document: JSON = [
            "openapi": "3.1.0",
            "paths": [
                "/items": [
                    "get": [
                        "parameters": [
                            ["name": "limit", "in": "query", "required": true, "schema": ["type": "integer"]]
                        ],
                        "responses": ["200": ["description": "ok"]],
                    ]
                ]
            ],
        ]
        var route = RouteDefinition(
            id: RouteID(from: .system), methods: .some(["GET"]), path: "/items",
            responses: [ResponseDefinition(body: .text("ok"))])
        route.operation = OperationReference(path: "/items", method: "get")
        let mock = MockDefinition(
            id: MockID(from: .system), name: "m", basePath: "", routes: [route], document: document)
        func answer(_ mode: ValidationMode) -> MockReply {
            var settings = WorkspaceSettings()
            settings.validation = mode
            let workspace = CompiledWorkspace(
                id: WorkspaceID(from: .system), slug: .default, settings: settings, mocks: [mock])
            return workspace.respond(to: get("/items"), Self.random)
        }
        #expect(answer(.off).status == 200)
        #expect(answer(.off).violations.isEmpty)
        #expect(answer(.report).status == 200)
        #expect(answer(.report).violations.map(\.pointer) == ["query:limit"])
        #expect(answer(.report).headers.contains { $0.name == "mockforge-violations" })
        #expect(answer(.enforce).status == 400)
        #expect(answer(.enforce).outcome == .refused)
    }
}
