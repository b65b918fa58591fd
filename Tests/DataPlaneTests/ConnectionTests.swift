import DataPlane
import Domain
import JSON
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConnectionTests {
    private func get(_ target: String, host: String = "acme.localhost", _ more: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\(more)\r\n"
    }

    @Test func `pipelined requests of both planes are answered in their order`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("GET", "/slow", body: "slow", delay: 50)
        try await hosting.addRoute("GET", "/quick", body: "quick")
        try await LoopbackServer.run(hosting) { server async throws in
            let text =
                get("/slow") + get("/health", host: "localhost") + get("/quick")
                + get("/nothing", host: "never.localhost")
                + get("/health", host: "localhost") + get("/hello", "Connection: close\r\n")
            let reply = try await server.talk(text) { _ in false }
            let places = ["slow", "healthy", "quick", "unknown_address", "healthy", "hello"]
            var rest = reply[...]
            for place in places {
                let found = try #require(rest.firstRange(of: place), "\(place) in \(reply)")
                rest = rest[found.upperBound...]
            }
            #expect(rest.isEmpty)
        }
    }

    @Test func `a connection is kept for the next request`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let text = String(repeating: get("/hello"), count: 50)
            let reply = try await server.talk(text) {
                $0.ranges(of: "HTTP/1.1 200 OK").count == 50 && $0.hasSuffix("hello")
            }
            #expect(!reply.contains("Connection: close"))
        }
    }

    @Test func `a client that ends its side still gets its replies`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("GET", "/slow", body: "slow", delay: 30)
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.talk(get("/slow") + get("/hello"), endInput: true) { _ in false }
            #expect(reply.contains("slow"))
            #expect(reply.hasSuffix("hello"))
        }
    }

    @Test func `an expected continue is given on both planes`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("POST", "/take", body: "taken")
        try await LoopbackServer.run(hosting) { server async throws in
            for (host, target) in [("acme.localhost", "/take"), ("localhost", "/v1/echo")] {
                let reply = try await server.talk(
                    "POST \(target) HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
                ) { $0.contains("\r\n\r\n") }
                #expect(reply.hasPrefix("HTTP/1.1 100 Continue\r\n"))
            }
        }
    }

    @Test func `a refused request's short body is skipped and the connection goes on`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let refused = "POST /x HTTP/1.1\r\nHost: never.localhost\r\nContent-Length: 5\r\n\r\n12345"
            let reply = try await server.talk(refused + get("/hello")) { $0.hasSuffix("hello") }
            #expect(reply.hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func `a long delay does not hold another connection up`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("GET", "/never", body: "never", delay: 100_000)
        try await LoopbackServer.run(hosting) { server async throws in
            try await withThrowingTaskGroup { group in
                group.addTask { _ = try await server.talk(get("/never")) { _ in false } }
                let reply = try await server.request("GET", "/hello")
                #expect(reply.hasSuffix("hello"))
                group.cancelAll()
            }
        }
    }

    @Test func `more delayed requests than allowed get 503`() async throws {
        let hosting = try await Hosting { $0.maxDelayedRequests = 0 }
        try await hosting.addRoute("GET", "/slow", body: "slow", delay: 10)
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.request("GET", "/slow")
            #expect(reply.hasPrefix("HTTP/1.1 503 "))
            #expect(reply.contains("\r\nRetry-After: 1\r\n"))
        }
    }

    @Test func `a draining node asks its clients to close`() async throws {
        let hosting = try await Hosting()
        hosting.plane.drain.begin()
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.talk(get("/hello")) { _ in false }
            #expect(reply.contains("\r\nConnection: close\r\n"))
        }
    }

    @Test func `a client that does not finish its headers is let go`() async throws {
        // Long enough for a busy machine to read what came: a connection with unread bytes is reset, not closed.
        try await LoopbackServer.run(try await Hosting { $0.headerTimeout = .seconds(1) }) { server async throws in
            let reply = try await server.talk("GET /hello HTTP/1.1\r\nHost: ac") { _ in false }
            #expect(reply.isEmpty)
        }
    }

    @Test func `a client that does not finish its body gets 408`() async throws {
        try await LoopbackServer.run(try await Hosting { $0.bodyPauseTimeout = .milliseconds(100) }) {
            server async throws in
            let reply = try await server.talk(
                "POST /hello HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 10\r\n\r\n123"
            ) { _ in false }
            #expect(reply.hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func `a connection that rests too long is closed`() async throws {
        try await LoopbackServer.run(try await Hosting { $0.idleTimeout = .milliseconds(100) }) { server async throws in
            let reply = try await server.talk(get("/hello")) { _ in false }
            #expect(reply.hasSuffix("hello"))
        }
    }

    @Test func `what is not HTTP gets 400`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.talk("nonsense\r\n\r\n") { _ in false }
            #expect(reply.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func `headers without end get 431`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.talk(
                get("/hello", "X-Long: \(String(repeating: "x", count: 100_000))\r\n")
            ) { _ in false }
            #expect(reply.hasPrefix("HTTP/1.1 431 "))
        }
    }

    @Test func `a reply larger than every buffer arrives whole before the connection ends`() async throws {
        let hosting = try await Hosting()
        let body = String(repeating: "x", count: 5_000_000)
        try await hosting.addRoute("GET", "/large", body: .string(body))
        try await LoopbackServer.run(hosting) { server in
            let reply = try await server.talk(get("/large", "Connection: close\r\n") + get("/hello")) { _ in false }
            #expect(reply.hasSuffix("\r\n\r\n" + body))
            let halfClosed = try await server.talk(get("/large"), endInput: true) { _ in false }
            #expect(halfClosed.hasSuffix("\r\n\r\n" + body))
        }
    }

    @Test func `replies that nobody reads yet wait, and all arrive`() async throws {
        let hosting = try await Hosting()
        let body = String(repeating: "x", count: 100_000)
        try await hosting.addRoute("GET", "/large", body: .string(body))
        try await LoopbackServer.run(hosting) { server in
            let text = String(repeating: get("/large"), count: 400) + get("/hello", "Connection: close\r\n")
            let reply = try await server.talk(text) { _ in false }
            #expect(reply.utf8.count > 400 * 100_000)
            #expect(reply.hasSuffix("hello"))
        }
    }

    @Test(arguments: ["acme.localhost", "localhost"])
    func `a chunked body that is not one gets 400`(host: String) async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("POST", "/v1/echo", body: "taken")
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.talk(
                "POST /v1/echo HTTP/1.1\r\nHost: \(host)\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense"
            ) { _ in false }
            #expect(reply.hasPrefix("HTTP/1.1 400 "), "\(reply)")
        }
    }

    @Test func `a chunked body that goes wrong after a good chunk gets 400`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("POST", "/take", body: "taken")
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.talk(
                "POST /take HTTP/1.1\r\nHost: acme.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "2\r\nabcd\r\n"
            ) { _ in false }
            #expect(reply.hasPrefix("HTTP/1.1 400 "), "\(reply)")
        }
    }

    @Test(arguments: ["acme.localhost", "localhost"])
    func `HTTP 1.0 ends the connection with the reply`(host: String) async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("GET", "/health", body: "healthy")
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.talk("GET /health HTTP/1.0\r\nHost: \(host)\r\n\r\n") { _ in false }
            #expect(reply.hasPrefix("HTTP/1.1 200 "))
            #expect(reply.hasSuffix("healthy"))
        }
    }

    @Test func `an HTTP 1.0 client that asks keeps the connection and is told so`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let kept = "GET /hello HTTP/1.0\r\nHost: acme.localhost\r\nConnection: keep-alive\r\n\r\n"
            let reply = try await server.talk(kept + "GET /hello HTTP/1.0\r\nHost: acme.localhost\r\n\r\n") { _ in
                false
            }
            #expect(reply.ranges(of: "HTTP/1.1 200 ").count == 2)
            #expect(reply.ranges(of: "\r\nConnection: keep-alive\r\n").count == 1)
            #expect(reply.ranges(of: "\r\nConnection: close\r\n").count == 1)
        }
    }

    @Test func `a client that ends its side within a body is let go`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.talk(
                "POST /hello HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 10\r\n\r\n123", endInput: true
            ) { _ in false }
            #expect(!reply.contains("200 OK"))
        }
    }
}
