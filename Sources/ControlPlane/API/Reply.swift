import HTTPTypes
package import Hummingbird
package import JSON
import NIOCore

/// What an endpoint answers: status, headers and a body, before it becomes Hummingbird's response.
package struct Reply: Sendable {
    package enum Body: Sendable {
        case none
        case json(JSON)
        case bytes([UInt8], mediaType: String)
        /// Written piece by piece, such as a live stream of events.
        case stream(mediaType: String, ResponseBody)
    }

    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: Body

    package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// 200 with an object and, where it has one, the version of its row as a strong `ETag`.
    package static func object(_ json: JSON, version: Int? = nil) -> Reply {
        Reply(headers: version.map { [("ETag", EntityTag(version: $0).text)] } ?? [], body: .json(json))
    }

    /// 201 with the new object and where it is found.
    package static func created(_ json: JSON, location: String, version: Int? = nil) -> Reply {
        var reply = object(json, version: version)
        reply.status = 201
        reply.headers.append(("Location", location))
        return reply
    }

    /// 204.
    package static let noContent = Reply(status: 204)

    /// Forbids every cache to keep the answer; for bodies that hold a secret.
    package func withSecret() -> Reply {
        var reply = self
        reply.headers.append(("Cache-Control", "no-store"))
        return reply
    }

    /// The value of a header, by its name in any case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    static let replayMark = "Idempotency-Replayed"

    /// Whether this is the stored answer to an earlier request with the same `Idempotency-Key`.
    var isReplayed: Bool { header(Self.replayMark) != nil }

    /// The response for the wire, with the headers that every answer carries.
    func response(requestID: String) -> Response {
        var fields = HTTPFields()
        var responseBody = ResponseBody()
        switch body {
        case .none:
            break
        case .json(let json):
            fields[.contentType] = "application/json"
            responseBody = ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes))
        case .bytes(let bytes, let mediaType):
            fields[.contentType] = mediaType
            responseBody = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let mediaType, let stream):
            fields[.contentType] = mediaType
            responseBody = stream
        }
        fields[.xRequestID] = requestID
        fields[.xContentTypeOptions] = "nosniff"
        fields[.cacheControl] = "private, no-cache"
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            if name == .cacheControl || name == .contentType { fields[name] = nil }
            fields.append(HTTPField(name: name, value: value))
        }
        return Response(status: .init(code: status), headers: fields, body: responseBody)
    }
}

extension HTTPField.Name {
    static let xRequestID = Self("X-Request-Id")!
    static let idempotencyKey = Self("Idempotency-Key")!
}
