import Domain
import RedisDriver
import Testing

@Suite(.enabled(if: SharedServers.single != nil, "\(SharedServers.hint)"))
struct `A Redis client` {
    @Test(arguments: SharedServers.all) func `gets replies of every kind`(_ url: String) async throws {
        let client = try await connectedClient(SharedServers.own(url))
        let key = client.key(TenantID("acme000001")!, "kinds")
        #expect(
            try await client.send(["SET", RedisArgument(key), RedisArgument([0, 13, 10, 255])], key: key)
                == .status("OK"))
        #expect(try await client.send(["GET", RedisArgument(key)], key: key) == .bytes([0, 13, 10, 255]))
        #expect(try await client.send(["DEL", RedisArgument(key)], key: key) == .integer(1))
        #expect(try await client.send(["GET", RedisArgument(key)], key: key) == .null)
        client.close()
    }

    @Test(arguments: SharedServers.all) func `throws the server's error in its words`(_ url: String) async throws {
        let client = try await connectedClient(url)
        let failure = await #expect(throws: RedisError.self) { try await client.send(["NOSUCH"], key: "k") }
        guard case .refused(let words) = failure else { Issue.record("\(failure as Any)"); return }
        #expect(words.hasPrefix("ERR unknown command"))
        client.close()
    }

    @Test(arguments: SharedServers.all) func `answers many callers each with its own reply`(_ url: String) async throws
    {
        let client = try await connectedClient(SharedServers.own(url))
        let tenant = TenantID("acme000001")!
        try await withThrowingTaskGroup { group in
            for number in 0..<500 {
                group.addTask {
                    let key = client.key(tenant, "\(number)")
                    let word = RedisArgument("\(number)")
                    _ = try await client.send(["SET", RedisArgument(key), word, "EX", "60"], key: key)
                    #expect(try await client.send(["GET", RedisArgument(key)], key: key).text == "\(number)")
                }
            }
            try await group.waitForAll()
        }
        client.close()
    }

    @Test(arguments: SharedServers.all) func `runs a script that the server does not know yet`(_ url: String)
        async throws
    {
        let client = try await connectedClient(SharedServers.own(url))
        let key = client.key(TenantID("acme000001")!, "script")
        let script = RedisScript("return {KEYS[1], ARGV[1], '\(key)'}")
        for _ in 0..<2 {
            let reply = try await client.evaluate(script, keys: [key], arguments: ["x"])
            #expect(reply.array?.map(\.text) == [key, "x", key])
        }
        client.close()
    }

    @Test func `refuses more commands than may wait`() async throws {
        var limits = RedisLimits()
        limits.commandsInFlight = 4
        let client = try await connectedClient(SharedServers.single!, limits: limits)
        let replies = try await client.pipeline(Array(repeating: ["PING"], count: 5), key: nil)
        #expect(replies == Array(repeating: .failure(.overloaded), count: 5))
        #expect(try await client.send(["PING"], key: nil) == .status("PONG"))
        client.close()
    }

    @Test func `fails commands after it was closed`() async throws {
        let client = try await connectedClient(SharedServers.single!)
        client.close()
        await #expect(throws: RedisError.self) { try await client.send(["PING"], key: nil) }
    }
}
