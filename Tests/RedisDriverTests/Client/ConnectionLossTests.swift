import RedisDriver
import Synchronization
import TestSupport
import Testing

@Suite(.enabled(if: RedisServer.isInstalled, "install redis-server"))
struct `When Redis goes away` {
    @Test func `an unreachable server is refused in one sentence at the start`() async throws {
        let port = try FreePorts.next()
        let client = try RedisClient(RedisAddress("redis://127.0.0.1:\(port)"), logger: quietLogger)
        let failure = await #expect(throws: RedisError.self) { try await client.connect() }
        #expect(failure?.description.hasPrefix("Redis cannot be reached at 127.0.0.1:\(port): ") == true)
        #expect(failure?.description.contains("efused") == true)
        client.close()
    }

    @Test func `commands fail at once and work again when it is back`() async throws {
        let server = try await RedisServer()
        let client = try await connectedClient(server.url)
        server.stop()
        try await eventually("the loss is noticed") { !client.isUp }
        let clock = ContinuousClock()
        let waited = await clock.measure {
            _ = await #expect(throws: RedisError.self) { try await client.send(["PING"], key: nil) }
        }
        #expect(waited < .milliseconds(500))
        try await server.start()
        try await eventually("commands work") { (try? await client.send(["PING"], key: nil)) != nil }
        #expect(client.isUp)
        #expect(client.figures.reconnects.load(ordering: .relaxed) == 1)
        client.close()
    }

    @Test func `what was under way fails and is not sent again`() async throws {
        let server = try await RedisServer()
        let client = try await connectedClient(server.url + "?timeout_ms=60000")
        server.freeze()
        let reply = Task { try await client.send(["INCR", "n"], key: "n") }
        server.stop()
        await #expect(throws: RedisError.self) { try await reply.value }
        try await server.start()
        try await eventually("commands work") { (try? await client.send(["PING"], key: nil)) != nil }
        #expect(try await client.send(["GET", "n"], key: "n") == .null)
        client.close()
    }

    @Test func `a server that hangs is given up after the time-out`() async throws {
        let server = try await RedisServer()
        let client = try await connectedClient(server.url + "?timeout_ms=2000")
        server.freeze()
        await #expect(throws: RedisError.timedOut) { try await client.send(["PING"], key: nil) }
        #expect(!client.isUp)
        server.thaw()
        try await eventually("commands work") { (try? await client.send(["PING"], key: nil)) != nil }
        client.close()
    }
}
