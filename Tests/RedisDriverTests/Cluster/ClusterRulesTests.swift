import Testing

@testable import RedisDriver

@Suite struct `Rules of a Redis cluster` {
    private let node = RedisNode(host: "10.0.0.1", port: 7000)

    // From the specification of Redis Cluster, and from CLUSTER KEYSLOT of a server.
    @Test(arguments: [("123456789", 12739), ("foo", 12182), ("", 0), ("foo{}{bar}", 8363), ("foo{{bar}}zap", 4015)])
    func `a key's slot is what the server says`(_ key: String, _ slot: Int) {
        #expect(KeySlot.slot(of: key) == slot)
    }

    @Test func `keys with one tag share a slot`() {
        #expect(KeySlot.slot(of: "mf:{abc}:x") == KeySlot.slot(of: "other:{abc}:y"))
    }

    @Test func `MOVED and ASK name the node to ask`() {
        #expect(
            Redirection("MOVED 3999 10.0.0.2:7001", from: node)
                == .moved(slot: 3999, RedisNode(host: "10.0.0.2", port: 7001)))
        #expect(
            Redirection("MOVED 3999 :7001", from: node) == .moved(slot: 3999, RedisNode(host: "10.0.0.1", port: 7001)))
        #expect(Redirection("ASK 1 ::1:7001", from: node) == .ask(RedisNode(host: "::1", port: 7001)))
    }

    @Test(arguments: ["MOVED", "MOVED x y", "MOVED 99999 h:1", "MOVED 1 h:0", "WRONGTYPE Operation", "ERR no", ""])
    func `other errors are answers`(_ words: String) { #expect(Redirection(words, from: node) == nil) }

    @Test func `a map of slots is read and moved`() throws {
        let range = { (first: Int, last: Int, host: String, port: Int) in
            RedisReply.array([
                .integer(first), .integer(last), .array([.bytes(Array(host.utf8)), .integer(port), .bytes([])]),
            ])
        }
        var map = try #require(SlotMap(.array([range(0, 99, "a", 1), range(100, 16383, "", 2)]), from: node))
        #expect(map[99] == RedisNode(host: "a", port: 1))
        #expect(map[100] == RedisNode(host: "10.0.0.1", port: 2))
        map.move(99, to: node)
        #expect(map[99] == node)
        #expect(map[98] == RedisNode(host: "a", port: 1))
        #expect(SlotMap(.array([range(5, 16384, "a", 1)]), from: node) == nil)
        #expect(SlotMap(.array([]), from: node) == nil)
    }
}
