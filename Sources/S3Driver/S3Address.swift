import Domain

/// Where a bucket is and who asks:
/// `s3://ACCESS:SECRET@bucket/prefix?endpoint=http://host:port&region=…&path_style=true&create_bucket=true`.
package struct S3Address: Sendable, Hashable {
    /// What is wrong with an address, as a sentence without its secrets.
    package struct Refusal: Error, Sendable, CustomStringConvertible {
        package let description: String

        init(_ description: String) { self.description = description }
    }

    package let bucket: String
    /// Segments of the prefix below which everything is kept, each unescaped; empty for the whole bucket.
    package let prefix: [String]
    package let isSecure: Bool
    /// Host of the service, without the bucket.
    package let host: String
    /// Nil for the scheme's own.
    package let port: Int?
    package let region: String
    /// Whether the bucket is the first segment of the path; else it is the first label of the host.
    package let isPathStyle: Bool
    /// Whether a bucket that is not there is made at the start.
    package let createsBucket: Bool
    package let credentials: S3Credentials

    /// - Parameter environment: where `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` are looked for
    ///   when the address has no credentials.
    /// - Throws: `Refusal` for what is no such address.
    package init(_ url: String, environment: [String: String] = [:]) throws(Refusal) {
        guard url.hasPrefix("s3://") else {
            throw Refusal("does not begin with s3://; write s3://ACCESS:SECRET@bucket/prefix?region=…")
        }
        let rest = url.dropFirst("s3://".count)
        let question = rest.firstIndex(of: "?") ?? rest.endIndex
        let options = try Options(rest[question...].dropFirst())
        var place = rest[..<question]
        credentials = try Self.credentials(&place, environment)
        let segments = place.split(separator: "/", omittingEmptySubsequences: false)
        bucket = try Self.bucket(segments[0])
        var prefix: [String] = []
        for segment in segments.dropFirst() where !segment.isEmpty {
            guard let text = try? PercentEncoding.decode(segment), text != ".", text != ".." else {
                throw Refusal("has \"\(segment)\" in its prefix, which is no name")
            }
            prefix.append(text)
        }
        self.prefix = prefix
        region = try options.region()
        createsBucket = try options.flag("create_bucket") ?? false
        if let endpoint = try options.endpoint() {
            (isSecure, host, port) = endpoint
            isPathStyle = try options.flag("path_style") ?? true
        } else {
            (isSecure, host, port) = (true, "s3.\(region).amazonaws.com", nil)
            // The certificate of the service is for one label before its name.
            isPathStyle = try options.flag("path_style") ?? bucket.contains(".")
        }
    }

    private init(_ other: S3Address, prefix: [String]) {
        (bucket, isSecure, host, port) = (other.bucket, other.isSecure, other.host, other.port)
        (region, isPathStyle, createsBucket) = (other.region, other.isPathStyle, other.createsBucket)
        credentials = other.credentials
        self.prefix = prefix
    }

    /// The place `name` below this one's prefix.
    package func below(_ name: String) -> S3Address { S3Address(self, prefix: prefix + [name]) }

    /// The `Host` header of a request for an object.
    var authority: String {
        let name = isPathStyle ? host : "\(bucket).\(host)"
        return port.map { "\(name):\($0)" } ?? name
    }

    /// For people: the service and the bucket, without credentials.
    var place: String { "the bucket \"\(bucket)\" at \(isSecure ? "https" : "http")://\(authority)" }

    private static func credentials(
        _ place: inout Substring, _ environment: [String: String]
    ) throws(Refusal) -> S3Credentials {
        if let at = place.lastIndex(of: "@") {
            let parts = place[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            place = place[place.index(after: at)...]
            guard parts.count == 2, let access = try? PercentEncoding.decode(parts[0]), !access.isEmpty,
                let secret = try? PercentEncoding.decode(parts[1]), !secret.isEmpty
            else {
                throw Refusal("has credentials that are not ACCESS:SECRET; write \"/\" in a secret as %2F")
            }
            return S3Credentials(accessKey: access, secretKey: secret)
        }
        guard let access = environment["AWS_ACCESS_KEY_ID"], !access.isEmpty,
            let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty
        else {
            throw Refusal(
                "has no credentials; write s3://ACCESS:SECRET@bucket or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        }
        return S3Credentials(
            accessKey: access, secretKey: secret,
            sessionToken: environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 })
    }

    private static func bucket(_ text: Substring) throws(Refusal) -> String {
        let bytes = text.utf8
        func isAlphanumeric(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
        guard (3...63).contains(bytes.count), bytes.first.map(isAlphanumeric) == true,
            bytes.last.map(isAlphanumeric) == true, !text.contains(".."),
            bytes.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
        else {
            throw Refusal("names the bucket \"\(text)\"; a bucket has 3 to 63 of the characters a-z, 0-9, \".\", \"-\"")
        }
        return String(text)
    }

    /// What stands behind the question mark.
    private struct Options {
        private static let known = ["create_bucket", "endpoint", "path_style", "region"]
        private var values: [String: String] = [:]

        init(_ query: Substring) throws(Refusal) {
            for pair in query.split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let name = String(parts[0])
                guard Self.known.contains(name) else {
                    throw Refusal("has an unknown option \"\(name)\"; known are \(Self.known.joined(separator: ", "))")
                }
                guard parts.count == 2, let value = try? PercentEncoding.decode(parts[1]), !value.isEmpty else {
                    throw Refusal("has the option \(name) without a value")
                }
                guard values.updateValue(value, forKey: name) == nil else {
                    throw Refusal("has the option \(name) twice")
                }
            }
        }

        func flag(_ name: String) throws(Refusal) -> Bool? {
            switch values[name] {
            case nil: nil
            case "true": true
            case "false": false
            case let value?: throw Refusal("has \(name)=\(value); write true or false")
            }
        }

        func region() throws(Refusal) -> String {
            let region = values["region"] ?? "us-east-1"
            guard region.utf8.count <= 60,
                region.utf8.allSatisfy({
                    (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
                })
            else { throw Refusal("has region=\(region), which is no name such as eu-central-1") }
            return region
        }

        func endpoint() throws(Refusal) -> (isSecure: Bool, host: String, port: Int?)? {
            guard let text = values["endpoint"] else { return nil }
            let advice = "has endpoint=\(text); write http://host:port or https://host"
            let isSecure = text.hasPrefix("https://")
            guard isSecure || text.hasPrefix("http://") else { throw Refusal(advice) }
            var authority = text.dropFirst(isSecure ? "https://".count : "http://".count)
            if authority.hasSuffix("/") { authority.removeLast() }
            var port: Int?
            // An IPv6 address stands in brackets, so that its colons are no port's.
            if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
                guard let number = Int(authority[authority.index(after: colon)...]), (1...65535).contains(number) else {
                    throw Refusal(advice)
                }
                authority = authority[..<colon]
                // A default port is not in the Host header that is signed.
                port = number == (isSecure ? 443 : 80) ? nil : number
            }
            let isHost = authority.utf8.allSatisfy {
                (97...122).contains($0 | 0x20) || (48...57).contains($0) || ".-:[]".utf8.contains($0)
            }
            guard !authority.isEmpty, isHost else { throw Refusal(advice) }
            return (isSecure, authority.lowercased(), port)
        }
    }
}

/// Who asks. Its description tells no secret.
package struct S3Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package let accessKey: String
    let secretKey: String
    /// Of temporary credentials.
    let sessionToken: String?

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    package var description: String { "access key \(accessKey)" }
    package var debugDescription: String { description }
}
