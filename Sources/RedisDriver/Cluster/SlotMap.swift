/// Which node is the master of each slot.
struct SlotMap: Sendable {
    private(set) var masters: [RedisNode] = []
    /// By slot, the master's place in `masters` plus one; 0 where nobody is.
    private var owners = [UInt16](repeating: 0, count: KeySlot.count)

    init() {}

    /// Reads the answer to CLUSTER SLOTS; nil when it is none. `node` gave it: an empty host means its own.
    init?(_ reply: RedisReply, from node: RedisNode) {
        guard let ranges = reply.array, !ranges.isEmpty else { return nil }
        for range in ranges {
            guard let parts = range.array, parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer,
                0 <= first, first <= last, last < KeySlot.count, let master = parts[2].array, master.count >= 2,
                let port = master[1].integer
            else { return nil }
            let host = master[0].text ?? ""
            let index = place(of: RedisNode(host: host.isEmpty || host == "?" ? node.host : host, port: port))
            for slot in first...last { owners[slot] = index }
        }
    }

    subscript(slot: Int) -> RedisNode? {
        owners[slot] == 0 ? nil : masters[Int(owners[slot]) - 1]
    }

    mutating func move(_ slot: Int, to node: RedisNode) { owners[slot] = place(of: node) }

    private mutating func place(of node: RedisNode) -> UInt16 {
        if let index = masters.firstIndex(of: node) { return UInt16(index + 1) }
        masters.append(node)
        return UInt16(masters.count)
    }
}
