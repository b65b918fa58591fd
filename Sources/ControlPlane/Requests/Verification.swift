import Domain
import JSON
import MockEngine
import Persistence

/// What a test asserts of the journal: how many requests were like this.
struct Verification: Sendable {
    private enum Expected: Sendable {
        case exactly(Int)
        case atLeast(Int)
        case atMost(Int)
    }

    private let method: String?
    private let path: RoutePattern?
    private let match: CompiledMatch?
    private let since: Timestamp?
    private let expected: Expected

    /// Notes every violation; the value is of use only when there are none.
    init(_ body: JSON, _ violations: Violations) throws {
        let reader = ObjectReader(
            body, known: ["method", "path", "match", "since", "expected"], violations: violations)
        let method = reader?.string("method", length: 1...30)?.uppercased()
        self.method = method == "ANY" ? nil : method
        if let text = reader?.string("path", length: 1...2000) {
            do {
                path = try RoutePattern(text)
            } catch {
                reader?.refuse("path", "invalid_format", "is no path pattern: \(error)")
                path = nil
            }
        } else {
            path = nil
        }
        let standing = violations.list.count
        let definition = reader?.value("match").flatMap {
            MatchDefinition(json: $0, at: JSONPointer(["match"]), violations: violations)
        }
        match = violations.list.count == standing ? try definition.map { try CompiledMatch($0) } : nil
        if let text = reader?.string("since") {
            since = Timestamp(rfc3339: text)
            if since == nil {
                reader?.refuse("since", "invalid_format", "must be an RFC 3339 time such as 2026-01-31T09:05:00Z")
            }
        } else {
            since = nil
        }
        expected = Self.expected(reader)
    }

    private static func expected(_ reader: ObjectReader?) -> Expected {
        let names = ["exactly", "at_least", "at_most"]
        guard let expected = reader?.reader("expected", known: names, required: true) else { return .atLeast(1) }
        let given = names.filter { expected.object.contains($0) }
        guard given.count == 1 else {
            reader?.refuse("expected", "invalid_value", "must have one of exactly, at_least, at_most")
            return .atLeast(1)
        }
        let count = expected.integer(given[0], required: true, in: 0...1_000_000) ?? 0
        switch given[0] {
        case "exactly": return .exactly(count)
        case "at_least": return .atLeast(count)
        default: return .atMost(count)
        }
    }

    func includes(_ entry: JournalEntry) -> Bool {
        if let method, entry.method != method { return false }
        if let since, entry.receivedAt < since { return false }
        if let path, !path.matches(entry.path) { return false }
        return match?.matches(RequestView(entry.request)) ?? true
    }

    func accepts(_ count: Int) -> Bool {
        switch expected {
        case .exactly(let number): count == number
        case .atLeast(let number): count >= number
        case .atMost(let number): count <= number
        }
    }
}
