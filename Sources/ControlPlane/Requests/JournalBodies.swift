import Domain
import JSON
import MockEngine
import Persistence

extension JournalEntry {
    /// The body of the API.
    var json: JSON {
        [
            "id": .string(id.text), "received_at": .string(receivedAt.rfc3339), "method": .string(method),
            "host": .string(host), "path": .string(path), "query": JSON(query),
            "headers": .array(headers.map { ["name": .string($0.name), "value": .string($0.value)] }),
            "body": .string(body), "body_truncated": .bool(isBodyTruncated), "status": JSON(status),
            "matched": .bool(isMatched), "mock_id": JSON(mockID?.text), "route_id": JSON(routeID?.text),
            "duration_ms": JSON(Double(durationMicroseconds) / 1000),
            "near_misses": nearMisses == .null ? [] : nearMisses,
            "violations": .array(violations.map(\.json)),
        ]
    }

    /// The request as the engine sees one, for trying matchers on it. A truncated body is tried as far as it was kept.
    var request: MockRequest {
        MockRequest(
            method: method, host: host, path: path, query: query,
            headers: headers.map { HeaderField($0.name.lowercased(), $0.value) }, body: Array(body.utf8),
            receivedAt: receivedAt)
    }
}

/// Which entries of a journal a client wants to see.
struct JournalFilter: Sendable {
    static let parameterNames = ["method", "path", "status", "matched", "mock_id", "route_id", "since", "until"]

    private let method: String?
    /// A route pattern; `/**` at its end takes everything below.
    private let path: RoutePattern?
    private let status: ClosedRange<Int>?
    private let isMatched: Bool?
    private let mockID: String?
    private let routeID: String?
    private let since: Timestamp?
    private let until: Timestamp?

    init(_ query: QueryParameters, _ violations: Violations) {
        method = query["method"]?.uppercased()
        isMatched = query.bool("matched", violations)
        mockID = query["mock_id"]
        routeID = query["route_id"]
        since = query.timestamp("since", violations)
        until = query.timestamp("until", violations)
        path = query["path"].flatMap { text in
            do {
                return try RoutePattern(text)
            } catch {
                query.refuse("path", "invalid_format", "is no path pattern: \(error)", violations)
                return nil
            }
        }
        status = query["status"].flatMap { text in
            if text.count == 3, text.hasSuffix("xx"), let hundreds = text.first?.wholeNumberValue,
                (1...5).contains(hundreds)
            {
                return hundreds * 100...hundreds * 100 + 99
            }
            if let code = Int(text), (100...599).contains(code) { return code...code }
            query.refuse("status", "invalid_value", "must be a status such as 404, or a class such as 4xx", violations)
            return nil
        }
    }

    func includes(_ entry: JournalEntry) -> Bool {
        if let method, entry.method != method { return false }
        if let isMatched, entry.isMatched != isMatched { return false }
        if let status, !status.contains(entry.status) { return false }
        if let mockID, entry.mockID?.text != mockID { return false }
        if let routeID, entry.routeID?.text != routeID { return false }
        if let since, entry.receivedAt < since { return false }
        if let until, entry.receivedAt >= until { return false }
        return path?.matches(entry.path) ?? true
    }
}
