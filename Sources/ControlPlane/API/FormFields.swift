import Domain

/// The fields of a form that a browser sent as `application/x-www-form-urlencoded`.
struct FormFields: Sendable {
    static let mediaType = "application/x-www-form-urlencoded"

    private let values: [String: String]

    /// What is not percent-encoded text is left out; of two fields of one name the first counts.
    init(_ body: [UInt8]) {
        var values: [String: String] = [:]
        for pair in String(decoding: body, as: UTF8.self).split(separator: "&").prefix(100) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = try? PercentEncoding.decode(parts[0], plusIsSpace: true),
                let value = try? PercentEncoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else { continue }
            // White space comes from copying.
            if values[name] == nil { values[name] = value.trimmed }
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

extension APIRequest {
    var isForm: Bool { mediaType == FormFields.mediaType }
}

extension Endpoint.Body {
    /// A few fields, as JSON from a program or as a form from a page.
    static let smallForm = Self(
        mediaTypes: ["application/json", FormFields.mediaType], limit: 4096, isRequired: true)
}
