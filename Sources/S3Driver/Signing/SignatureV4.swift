import Crypto
package import Domain

/// Signature version 4 of Amazon Web Services, in headers and in presigned addresses.
///
/// Source: "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference.
package struct SignatureV4: Sendable {
    private let credentials: S3Credentials
    private let region: String

    private static let algorithm = "AWS4-HMAC-SHA256"
    /// In place of a hash in a presigned address, whose maker does not know the body.
    private static let unsigned = "UNSIGNED-PAYLOAD"

    package init(_ credentials: S3Credentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// The request with the headers that prove who sent it, when, and with which body.
    ///
    /// - Parameter payloadHash: SHA-256 of the body in hexadecimal.
    package func sign(_ request: S3Request, payloadHash: String, at now: Timestamp) -> S3Request {
        let moment = Moment(now)
        var signed = request
        signed.headers.append(("host", request.authority))
        signed.headers.append(("x-amz-content-sha256", payloadHash))
        signed.headers.append(("x-amz-date", moment.text))
        if let token = credentials.sessionToken { signed.headers.append(("x-amz-security-token", token)) }
        let (headers, names) = Self.canonicalHeaders(signed)
        let signature = signature(of: signed, headers, names, payloadHash, moment)
        signed.headers.append(
            (
                "authorization",
                "\(Self.algorithm) Credential=\(credentials.accessKey)/\(scope(moment)), SignedHeaders=\(names), "
                    + "Signature=\(signature)"
            ))
        return signed
    }

    /// The request with a query that lets whoever has the address send it until `lifetime` is over.
    ///
    /// - Parameter lifetime: whole seconds, at most a week.
    package func presign(_ request: S3Request, for lifetime: Duration, at now: Timestamp) -> S3Request {
        let moment = Moment(now)
        var signed = request
        signed.headers.append(("host", request.authority))
        let (headers, names) = Self.canonicalHeaders(signed)
        signed.query += [
            ("X-Amz-Algorithm", Self.algorithm), ("X-Amz-Credential", "\(credentials.accessKey)/\(scope(moment))"),
            ("X-Amz-Date", moment.text), ("X-Amz-Expires", String(lifetime.components.seconds)),
            ("X-Amz-SignedHeaders", names),
        ]
        if let token = credentials.sessionToken { signed.query.append(("X-Amz-Security-Token", token)) }
        signed.query.append(("X-Amz-Signature", signature(of: signed, headers, names, Self.unsigned, moment)))
        return signed
    }

    private func signature(
        of request: S3Request, _ headers: String, _ names: String, _ payloadHash: String, _ moment: Moment
    ) -> String {
        let canonical = [
            request.method, request.canonicalPath, request.canonicalQuery, headers, names, payloadHash,
        ].joined(separator: "\n")
        let hash = Hexadecimal.text(SHA256.hash(data: Array(canonical.utf8)))
        let toSign = [Self.algorithm, moment.text, scope(moment), hash].joined(separator: "\n")
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretKey)".utf8))
        for part in [moment.day, region, "s3", "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return Hexadecimal.text(HMAC<SHA256>.authenticationCode(for: Array(toSign.utf8), using: key))
    }

    private func scope(_ moment: Moment) -> String { "\(moment.day)/\(region)/s3/aws4_request" }

    /// Each header on a line of its own with runs of spaces as one, and their names.
    private static func canonicalHeaders(_ request: S3Request) -> (lines: String, names: String) {
        let headers = request.headers.sorted { $0.name < $1.name }
        let lines = headers.map { header in
            "\(header.name):\(header.value.split(separator: " ").joined(separator: " "))\n"
        }
        return (lines.joined(), headers.map(\.name).joined(separator: ";"))
    }

    /// A time as signatures write it.
    private struct Moment {
        let text: String
        let day: String

        init(_ now: Timestamp) {
            let compact = Timestamp(seconds: now.seconds).rfc3339.filter { $0 != "-" && $0 != ":" }
            text = compact
            day = String(compact.prefix(8))
        }
    }
}

/// Lower-case hexadecimal digits.
enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
