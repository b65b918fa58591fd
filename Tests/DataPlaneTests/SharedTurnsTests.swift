import Domain
import JSON
import Persistence
import Synchronization
import Testing

/// What several nodes would share of their one route with a sequence, or nothing while it is away.
private final class SharedTurns: ScenarioState {
    private struct State {
        var position = 0
        var asked = 0
        var isAway = false
    }

    private let state = Mutex(State())

    var asked: Int { state.withLock { $0.asked } }

    func goAway() { state.withLock { $0.isAway = true } }

    func next(_ route: RouteID, count: Int, tenant: TenantID) async -> Int? {
        await Task.yield()
        return state.withLock { state in
            state.asked += 1
            if state.isAway { return nil }
            defer { state.position = (state.position + 1) % count }
            return state.position
        }
    }
}

@Suite struct `Sequences that nodes share` {
    private static let bodies = ["one", "two", "three"]

    @Test func `pipelined requests get the turns in their order, with others between them`() async throws {
        let turns = SharedTurns()
        let hosting = try await Hosting(scenarios: turns)
        try await hosting.addSequence("/next", Self.bodies)
        try await LoopbackServer.run(hosting) { server async throws in
            let paths = ["/next", "/hello", "/next", "/next", "/hello", "/next"]
            let text = paths.enumerated().map { index, path in
                "GET \(path) HTTP/1.1\r\nHost: acme.localhost\r\n"
                    + (index == paths.count - 1 ? "Connection: close\r\n\r\n" : "\r\n")
            }.joined()
            let received = try await server.talk(text) { _ in false }
            let words = ["one", "two", "three", "hello"]
            let seen = received.split(separator: "\r\n\r\n").dropFirst().map { part in
                words.first { part.hasPrefix($0) } ?? "?"
            }
            #expect(seen == ["one", "hello", "two", "three", "hello", "one"])
        }
        #expect(turns.asked == 4)
    }

    @Test func `one node goes on where another one was`() async throws {
        let turns = SharedTurns()
        let nodes = [try await Hosting(scenarios: turns), try await Hosting(scenarios: turns)]
        for node in nodes { try await node.addSequence("/next", Self.bodies) }
        for (node, body) in zip([nodes[0], nodes[1], nodes[1], nodes[0]], Self.bodies + ["one"]) {
            try await LoopbackServer.run(node) { server async throws in
                #expect(try await server.request("GET", "/next").hasSuffix(body))
            }
        }
    }

    @Test func `without an answer the node's own count decides`() async throws {
        let turns = SharedTurns()
        turns.goAway()
        let hosting = try await Hosting(scenarios: turns)
        try await hosting.addSequence("/next", Self.bodies)
        try await LoopbackServer.run(hosting) { server async throws in
            for body in ["one", "two", "three", "one"] {
                #expect(try await server.request("GET", "/next").hasSuffix(body))
            }
        }
    }

    @Test func `nothing is asked when the reply does not depend on the turn`() async throws {
        let turns = SharedTurns()
        let hosting = try await Hosting(scenarios: turns)
        try await hosting.addSequence("/next", ["only", "never"], when: [[:], ["query": ["x": "1"]]])
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/next").hasSuffix("only"))
            #expect(try await server.request("GET", "/hello").hasSuffix("hello"))
        }
        #expect(turns.asked == 0)
    }
}
