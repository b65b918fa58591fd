package import Domain
import JSON

extension JournalEntry {
    /// About how many bytes the entry takes in memory.
    var cost: Int {
        var sum = 512 + method.utf8.count + host.utf8.count + path.utf8.count + (query?.utf8.count ?? 0)
        sum += body.utf8.count
        for header in headers { sum += 64 + header.name.utf8.count + header.value.utf8.count }
        for violation in violations {
            sum += 96 + violation.pointer.utf8.count + violation.code.utf8.count + violation.message.utf8.count
        }
        return sum + Self.cost(nearMisses)
    }

    private static func cost(_ json: JSON) -> Int {
        switch json {
        case .null, .bool: 32
        case .number: 48
        case .string(let text): 48 + text.utf8.count
        case .array(let elements): elements.reduce(48) { $0 + cost($1) }
        case .object(let members): members.reduce(64) { $0 + 32 + $1.key.utf8.count + cost($1.value) }
        }
    }
}

/// An entry that came read out.
package final class ReadJournalEntry: DeferredJournalEntry {
    private let entry: JournalEntry
    package let cost: Int

    package init(_ entry: JournalEntry) {
        self.entry = entry
        cost = entry.cost
    }

    package var receivedAt: Timestamp { entry.receivedAt }

    package func read() -> JournalEntry { entry }
}
