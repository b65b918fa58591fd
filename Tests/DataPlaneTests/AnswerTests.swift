import DataPlane
import Domain
import JSON
import Persistence
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct AnswerTests {
    @Test(arguments: [
        ("acme.localhost", "/hello"), ("tenant-acme000001.localhost:80", "/hello"), ("localhost", "/t/acme/hello"),
        ("localhost", "/t/acme000001/hello"), ("127.0.0.1", "/tenant/acme000001/hello"),
        ("default--acme.localhost", "/hello"), ("acme.localhost", "/w/default/hello"),
    ])
    func `a mock answers at every address of its tenant`(host: String, target: String) async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request("GET", target, host: host)
            #expect(reply.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(reply.hasSuffix("\r\n\r\nhello"))
        }
    }

    @Test func `a reply tells its length, date and request id`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request("GET", "/hello", headers: ["X-Request-Id: my-id-1"]).lowercased()
            #expect(reply.contains("\r\ncontent-length: 5\r\n"))
            #expect(reply.contains("\r\ndate: fri, 15 jan 2027 08:00:00 gmt\r\n"))
            #expect(reply.contains("\r\nx-request-id: my-id-1\r\n"))
        }
    }

    @Test func `the control plane's requests pass through with their bodies`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let health = try await server.request("GET", "/health", host: "localhost")
            #expect(health.hasSuffix("healthy"))
            let body = String(repeating: "x", count: 300_000)
            let echo = try await server.request("POST", "/v1/echo", host: "api.localhost", body: body)
            #expect(echo.hasSuffix("echo 300000"))
        }
    }

    @Test func `HEAD has the length of GET and no body`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request("HEAD", "/hello")
            #expect(reply.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(reply.lowercased().contains("\r\ncontent-length: 5\r\n"))
            #expect(reply.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `OPTIONS lists the methods of a path that no route takes it for`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request("OPTIONS", "/hello")
            #expect(reply.hasPrefix("HTTP/1.1 204 No Content\r\n"))
            #expect(reply.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"))
        }
    }

    @Test func `a preflight is allowed what it asks for`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request(
                "OPTIONS", "/anything",
                headers: [
                    "Origin: http://app.example", "Access-Control-Request-Method: PUT",
                    "Access-Control-Request-Headers: x-token",
                ])
            #expect(reply.hasPrefix("HTTP/1.1 204 No Content\r\n"))
            #expect(reply.contains("\r\nAccess-Control-Allow-Origin: http://app.example\r\n"))
            #expect(reply.contains("\r\nAccess-Control-Allow-Methods: PUT\r\n"))
            #expect(reply.contains("\r\nAccess-Control-Allow-Headers: x-token\r\n"))
        }
    }

    @Test func `a page of another origin may read the reply`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request("GET", "/hello", headers: ["Origin: http://app.example"])
            #expect(reply.contains("\r\nAccess-Control-Allow-Origin: http://app.example\r\n"))
            #expect(reply.contains("\r\nVary: Origin\r\n"))
        }
    }

    @Test func `a workspace can switch the CORS headers off`() async throws {
        try await LoopbackServer.run(try await Hosting(settings: ["cors": false])) { server async throws in
            let reply = try await server.request("GET", "/hello", headers: ["Origin: http://app.example"])
            #expect(!reply.lowercased().contains("access-control"))
        }
    }

    @Test func `a workspace can name the origins it lets in`() async throws {
        let settings: JSON = ["cors": ["allow_origins": ["http://good.example"]]]
        try await LoopbackServer.run(try await Hosting(settings: settings)) { server async throws in
            let good = try await server.request("GET", "/hello", headers: ["Origin: http://good.example"])
            #expect(good.contains("\r\nAccess-Control-Allow-Origin: http://good.example\r\n"))
            let bad = try await server.request("GET", "/hello", headers: ["Origin: http://bad.example"])
            #expect(!bad.contains("Access-Control-Allow-Origin"))
        }
    }

    @Test func `a mock's own headers are sent, repeated ones too, but not those that frame the message`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute(
            "GET", "/headers", headers: ["X-One": ["a", "b"], "Content-Type": "text/css"],
            body: "body")
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.request("GET", "/headers").lowercased()
            #expect(reply.contains("\r\nx-one: a\r\n"))
            #expect(reply.contains("\r\nx-one: b\r\n"))
            #expect(reply.contains("\r\ncontent-type: text/css\r\n"))
        }
    }

    @Test func `204 and 304 have no body and no length`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("DELETE", "/gone", status: 204, body: "")
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.request("DELETE", "/gone")
            #expect(reply.hasPrefix("HTTP/1.1 204 No Content\r\n"))
            #expect(!reply.lowercased().contains("content-length"))
            #expect(reply.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `an edit is seen by the next request`() async throws {
        let hosting = try await Hosting()
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/new").hasPrefix("HTTP/1.1 404 "))
            let route = try await hosting.addRoute("GET", "/new", body: "fresh")
            #expect(try await server.request("GET", "/new").hasSuffix("fresh"))
            try await hosting.deleteRoute(route)
            #expect(try await server.request("GET", "/new").hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func `workspaces answer for themselves`() async throws {
        let hosting = try await Hosting()
        let staging = WorkspaceID(from: hosting.world.surroundings)
        let mock = MockID(from: hosting.world.surroundings)
        try await hosting.addWorkspace(staging, try #require(Slug("staging")), of: hosting.tenant)
        try await hosting.addMock(mock, staging, of: hosting.tenant)
        try await hosting.addRoute("GET", "/hello", body: "staged", of: mock)
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/w/staging/hello").hasSuffix("staged"))
            #expect(try await server.request("GET", "/hello", host: "staging--acme.localhost").hasSuffix("staged"))
            #expect(try await server.request("GET", "/t/acme/w/staging/hello", host: "localhost").hasSuffix("staged"))
            #expect(try await server.request("GET", "/hello").hasSuffix("hello"))
        }
    }
}
