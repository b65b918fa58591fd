import Crypto
import Domain
import Foundation
import HTTPTypes
import JSON

/// The client's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) together with whose it is.
struct IdempotencyKey: Sendable {
    private static let lengths = 1...255

    private let text: String
    private let space: String

    /// Nil when the request has none or is no POST.
    ///
    /// - Throws: a violation when the key is empty, too long, or not plain ASCII.
    init?(_ request: APIRequest, of actor: Actor) throws(Problem) {
        guard request.method == "POST", let value = request.headers[.idempotencyKey] else { return nil }
        guard Self.lengths.contains(value.utf8.count), value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem.invalid([
                Violation(
                    pointer: "header:Idempotency-Key", code: "invalid_format",
                    message: "must have 1 to 255 visible ASCII characters, such as a UUID")
            ])
        }
        text = value
        space = actor.idempotencySpace
    }

    /// What is stored of the key.
    var hash: String { Hexadecimal.text(SHA256.hash(data: Data((space + "\0" + text).utf8))) }

    /// What must be the same when a request is repeated: method, path, query and body. A file must have been read.
    static func fingerprint(_ request: APIRequest) -> String {
        var hasher = SHA256()
        // One spelling of the base address may repeat what the other began.
        let path = request.path.hasPrefix("/api/") ? String(request.path.dropFirst(4)) : request.path
        hasher.update(data: Data((request.method + " " + path + "?" + request.rawQuery + "\n").utf8))
        if let file = request.file {
            hasher.update(data: Data(file.fingerprint.utf8))
        } else {
            hasher.update(data: Data(request.body))
        }
        return Hexadecimal.text(hasher.finalize())
    }

    /// The stored reply may hold a new API key, so only who knows the client's key can read it again.
    private var sealingKey: SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(text.utf8)), salt: Data("mockforge stored reply".utf8),
            info: Data(space.utf8), outputByteCount: 32)
    }

    /// The reply for storing, base64. A reply that is a stream or raw bytes is stored without its body.
    func seal(_ reply: Reply) throws -> String {
        var stored: JSON = ["headers": .array(reply.headers.map { [.string($0.name), .string($0.value)] })]
        if case .json(let body) = reply.body { stored = stored.merging(["json": .string(body.text)]) }
        let box = try AES.GCM.seal(Data(stored.bytes), using: sealingKey, authenticating: Data(hash.utf8))
        guard let combined = box.combined else { throw StoredReplyError.unreadable }
        return combined.base64EncodedString()
    }

    func open(_ sealed: String, status: Int) throws -> Reply {
        guard let data = Data(base64Encoded: sealed) else { throw StoredReplyError.unreadable }
        let bytes = try AES.GCM.open(
            AES.GCM.SealedBox(combined: data), using: sealingKey, authenticating: Data(hash.utf8))
        let stored = try JSON.parse([UInt8](bytes))
        let headers = (stored["headers"]?.array ?? []).compactMap { pair -> (name: String, value: String)? in
            guard let name = pair[0]?.string, let value = pair[1]?.string else { return nil }
            return (name, value)
        }
        let body: Reply.Body = try stored["json"]?.string.map { .json(try JSON.parse($0)) } ?? .none
        return Reply(status: status, headers: headers + [(Reply.replayMark, "true")], body: body)
    }

    static let reused = Problem(
        .unprocessable, code: "idempotency_key_reused",
        detail: "This Idempotency-Key was used for another request; use a fresh one for each request.")
}

/// A row of `idempotency_keys` that cannot be read back: a defect or a damaged database.
enum StoredReplyError: Error { case unreadable }

enum Hexadecimal {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
