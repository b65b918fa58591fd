import Domain
import HTTPTypes
import JSON
import Metering
import MockEngine
import NIOCore

/// One request on its way to its reply. Belongs to one handler and never leaves its event loop.
final class Exchange {
    let head: HTTPRequest
    let address: TenantAddress?
    /// The host header's value as it came.
    let host: String
    let receivedAt: Timestamp
    /// The journal's name for the request.
    let id: JournalID
    /// The client's name for the request, else `id`.
    let requestID: String
    let hasOwnRequestID: Bool
    /// Set in this order as the request is let further in.
    var tenant: HostedTenant?
    var snapshot: Snapshot?
    var isKeyVerified = false
    /// Whether something had to be looked up on the way.
    var hasWaited = false
    /// Limits that the request is over, though it passed.
    var passedOver: [QuotaKey] = []
    /// Kept until the reply is written.
    var place: Places.Place?
    /// The next check.
    var gate = Gate.tenant
    var body: [UInt8] = []
    /// Body bytes received, kept or not.
    var receivedBytes = 0
    /// Whether the whole request has been read.
    var isRead = false
    var persistence = Persistence.kept
    /// Whose turn it is among the route's responses, where the nodes share that.
    var position: Int?
    /// Whether `position` has been asked for; it stays nil when there was no answer.
    var hasAskedForTurn = false
    /// Decided before the body was read; the body is then only skipped.
    var refusal: Reply?

    init(head: HTTPRequest, address: TenantAddress?, host: String, receivedAt: Timestamp, ids: RequestIDs) {
        self.head = head
        self.address = address
        self.host = host
        self.receivedAt = receivedAt
        id = ids.next().id
        if let given = head.headerFields[.requestID], Self.isAcceptable(given) {
            requestID = given
            hasOwnRequestID = true
        } else {
            requestID = id.text
            hasOwnRequestID = false
        }
    }

    /// The length that the client announced.
    var contentLength: Int? { head.headerFields[.contentLength].flatMap { Int($0) } }

    /// Whether a body may follow the head.
    var mayHaveBody: Bool { head.headerFields.contains(.transferEncoding) || (contentLength ?? 0) > 0 }

    var expectsContinue: Bool { head.headerFields[.expect]?.lowercased() == "100-continue" }

    var asksToClose: Bool {
        if persistence == .closes { return true }
        guard let value = head.headerFields[.connection] else { return false }
        return value.lowercased().split(separator: ",").contains { $0.filter { $0 != " " } == "close" }
    }

    /// 1 to 128 visible ASCII characters.
    private static func isAcceptable(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

/// What is written back, before the fields that every reply gets.
struct Reply {
    var status: Int
    var fields: HTTPFields
    var body: [UInt8]
    var delayMilliseconds = 0
    /// What the engine said, for the ledger and the journal.
    var outcome: MockReply?

    init(status: Int, fields: HTTPFields = HTTPFields(), body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    init(_ problem: Problem, _ exchange: Exchange) {
        status = problem.kind.rawValue
        fields = [.contentType: "application/problem+json"]
        for (name, value) in problem.headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        let instance = exchange.address?.path ?? String((exchange.head.path ?? "/").prefix { $0 != "?" })
        body = problem.json(instance: instance, requestID: exchange.requestID).bytes
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-Id")!
    static let apiKey = HTTPField.Name("X-Api-Key")!
    static let forwardedHost = HTTPField.Name("X-Forwarded-Host")!
    static let host = HTTPField.Name("Host")!
    static let wouldRefuse = HTTPField.Name("MockForge-Would-Refuse")!
}
