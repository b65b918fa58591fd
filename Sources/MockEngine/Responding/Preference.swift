/// What a client asks for by `Prefer` (RFC 7240): `code=404` chooses by status, `example=cat` by the response's name.
///
/// Preferences that no response satisfies are ignored, as the RFC says; those that decided are named in
/// `Preference-Applied`.
struct Preference: Hashable {
    var status: Int?
    var example: String?

    var isEmpty: Bool { status == nil && example == nil }

    init() {}

    init(_ view: RequestView) {
        for header in view.headers("prefer") {
            for part in header.split(whereSeparator: { $0 == "," || $0 == ";" }) {
                guard let equals = part.firstIndex(of: "=") else { continue }
                let name = part[..<equals].trimmed().lowercased()
                let value = part[part.index(after: equals)...].trimmed().unquoted()
                switch name {
                case "code": status = status ?? Int(value)
                case "example": example = example ?? String(value)
                default: break
                }
            }
        }
    }

    func isSatisfied(by response: CompiledResponse) -> Bool {
        (status == nil || response.status == status) && (example == nil || response.name == example)
    }

    /// The value of `Preference-Applied`; a name that does not fit in a quoted string is left out.
    var applied: String {
        var parts: [String] = []
        if let status { parts.append("code=\(status)") }
        if let example, example.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
            parts.append("example=\"\(example)\"")
        }
        return parts.joined(separator: ", ")
    }
}

extension Substring {
    fileprivate func trimmed() -> Substring {
        var result = drop { $0 == " " || $0 == "\t" }
        while let last = result.last, last == " " || last == "\t" { result.removeLast() }
        return result
    }

    fileprivate func unquoted() -> Substring {
        count >= 2 && first == "\"" && last == "\"" ? dropFirst().dropLast() : self
    }
}
