import Domain
import JSON
import MockEngine
import Persistence

/// What the engine found out about a request besides its reply.
final class PlainFindings: Sendable {
    let nearMisses: JSON
    let violations: [Violation]

    private init(_ nearMisses: JSON, _ violations: [Violation]) {
        self.nearMisses = nearMisses
        self.violations = violations
    }

    /// Nil when it found nothing, as for nearly all. No failable initialiser, which takes memory before it fails.
    static func of(_ reply: MockReply) -> PlainFindings? {
        guard !reply.violations.isEmpty || !reply.nearMisses.isNull else { return nil }
        return PlainFindings(reply.nearMisses, reply.violations)
    }
}

/// A plain request in the journal with what was found out about it.
struct FoundJournalEntry: DeferredJournalEntry {
    private let fields: PlainJournalEntry.Fields
    private let bytes: [UInt8]
    private let findings: PlainFindings

    init(_ entry: PlainJournalEntry, _ findings: PlainFindings) {
        fields = entry.fields
        bytes = Array(entry.bytes)
        self.findings = findings
    }

    var cost: Int { 2048 + bytes.count }
    var receivedAt: Timestamp { fields.receivedAt }

    func read() -> JournalEntry {
        var entry = bytes.withUnsafeBytes { fields.entry($0) }
        entry.nearMisses = findings.nearMisses
        entry.violations = findings.violations
        return entry
    }
}
