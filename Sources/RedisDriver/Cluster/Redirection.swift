/// What an error answer asks for, by its first word.
enum Redirection: Equatable {
    /// The slot lives elsewhere from now on.
    case moved(slot: Int, RedisNode)
    /// This one command belongs to a node that is just taking the slot over.
    case ask(RedisNode)
    /// The same command may work in a moment: the slot is on its way.
    case tryAgain
    /// A master is being replaced, which takes seconds: nobody waits for that.
    case down

    /// Nil for an error that is the answer. `node` gave it: an empty host means its own.
    init?(_ words: String, from node: RedisNode) {
        let parts = words.split(separator: " ")
        switch parts.first {
        case "MOVED":
            guard parts.count == 3, let slot = Int(parts[1]), (0..<KeySlot.count).contains(slot),
                let target = Self.node(parts[2], from: node)
            else { return nil }
            self = .moved(slot: slot, target)
        case "ASK":
            guard parts.count == 3, let target = Self.node(parts[2], from: node) else { return nil }
            self = .ask(target)
        case "TRYAGAIN": self = .tryAgain
        case "CLUSTERDOWN", "MASTERDOWN", "LOADING", "READONLY": self = .down
        default: return nil
        }
    }

    private static func node(_ text: Substring, from node: RedisNode) -> RedisNode? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65535).contains(port)
        else { return nil }
        let host = text[..<colon]
        return RedisNode(host: host.isEmpty ? node.host : String(host), port: port)
    }
}
