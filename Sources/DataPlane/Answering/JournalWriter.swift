import Domain
import HTTPTypes
import JSON
import MockEngine
import Persistence

/// Turns an answered request into a journal entry.
enum JournalWriter {
    static let redacted = "[redacted]"

    static func entry(
        _ exchange: Exchange, status: Int, outcome: MockReply?, durationMicroseconds: Int64
    ) -> JournalEntry {
        let (body, isTruncated) = body(exchange.body)
        return JournalEntry(
            id: exchange.id, receivedAt: exchange.receivedAt, method: exchange.head.method.rawValue,
            host: exchange.host, path: exchange.address?.path ?? "/", query: exchange.address?.query,
            headers: headers(exchange.head.headerFields), body: body, isBodyTruncated: isTruncated,
            status: status, mockID: outcome?.mockID, routeID: outcome?.routeID,
            durationMicroseconds: durationMicroseconds, nearMisses: outcome?.nearMisses ?? .null,
            violations: outcome?.violations ?? [])
    }

    /// Credentials of the tenant's own users and our own keys do not belong in a log that others can read.
    static func headers(_ fields: HTTPFields) -> [(name: String, value: String)] {
        fields.map { field in
            let name = field.name.canonicalName
            return (name, isSecret(name, field.value) ? redacted : field.value)
        }
    }

    /// - Parameter name: in lower case.
    static func isSecret(_ name: String, _ value: String) -> Bool {
        switch name {
        case "authorization", "proxy-authorization": true
        case "x-api-key": value.hasPrefix("sk_")
        default: false
        }
    }

    /// Text, or base64 where the bytes are not UTF-8.
    static func body(_ bytes: [UInt8]) -> (text: String, isTruncated: Bool) {
        if bytes.isEmpty { return ("", false) }
        let isTruncated = bytes.count > JournalLimits.bodyBytes
        var kept = bytes[..<min(bytes.count, JournalLimits.bodyBytes)]
        // A cut inside a character would make text look like binary.
        if isTruncated {
            while let last = kept.last, last & 0xC0 == 0x80, JournalLimits.bodyBytes - kept.count < 3 {
                kept.removeLast()
            }
            if let last = kept.last, last >= 0xC0 { kept.removeLast() }
        }
        if let text = String(validating: kept, as: UTF8.self) { return (text, isTruncated) }
        return (Base64.encode(Array(bytes[..<min(bytes.count, JournalLimits.bodyBytes)])), isTruncated)
    }
}
