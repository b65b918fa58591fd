import Domain

/// What is asked of the store, before it is signed.
package struct S3Request: Sendable {
    package var method: String
    /// The `Host` header: name and, unless it is the scheme's own, port.
    package var authority: String
    /// Unescaped, beginning with `/`.
    package var path: String
    /// Unescaped names and values.
    package var query: [(name: String, value: String)]
    /// Names in lower case; all are signed.
    package var headers: [(name: String, value: String)]

    package init(
        method: String, authority: String, path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = []
    ) {
        self.method = method
        self.authority = authority
        self.path = path
        self.query = query
        self.headers = headers
    }

    /// Path and query as they are signed and sent.
    package var target: String {
        let query = canonicalQuery
        return query.isEmpty ? canonicalPath : "\(canonicalPath)?\(query)"
    }

    var canonicalPath: String { PercentEncoding.encode(path, keepingSlash: true) }

    var canonicalQuery: String {
        query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }
}
