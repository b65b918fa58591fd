import Domain
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Persistence

extension TenantContext {
    /// A file out of the object store, piece by piece, as something to be kept and never as something that a browser runs
    /// under the address of the API.
    ///
    /// - Parameter tag: a strong entity tag, in its quotes.
    func file(_ key: String, size: Int, contentType: String, name: String, tag: String) async throws -> Reply {
        guard let stream = try await platform.objects.stream(key: key, tenant: tenant.id) else {
            throw Problem.notFound("file")
        }
        let body = ResponseBody(contentLength: size) { writer in
            for try await piece in stream { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
        return Reply(
            headers: [
                ("ETag", tag), ("Content-Disposition", Self.disposition(name)),
                ("Content-Security-Policy", "sandbox; default-src 'none'"),
            ], body: .stream(mediaType: contentType, body))
    }

    /// RFC 6266: the name in ASCII for those that read no other, and whole.
    private static func disposition(_ name: String) -> String {
        let plain = name.unicodeScalars.map { scalar -> Character in
            scalar.isASCII && scalar != "\"" && scalar != "\\" && scalar != "/" && scalar != "%"
                ? Character(scalar) : "_"
        }
        return "attachment; filename=\"\(String(plain))\"; filename*=UTF-8''\(PercentEncoding.encode(name))"
    }
}
