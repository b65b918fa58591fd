/// The version of an object as HTTP compares it (RFC 9110, section 8.8.3); always a strong tag.
package struct EntityTag: Sendable, Hashable {
    package let text: String

    package init(version: Int) { text = "\"v\(version)\"" }

    init(text: String) { self.text = text }

    /// Whether the value of an `If-Match` or `If-None-Match` header names this tag.
    ///
    /// `weakly` is the comparison of `If-None-Match`, which overlooks a `W/` before the tag.
    func isNamed(in header: String, weakly: Bool) -> Bool {
        header.split(separator: ",").contains { part in
            var tag = part.drop { $0 == " " || $0 == "\t" }
            while tag.last == " " || tag.last == "\t" { tag.removeLast() }
            if weakly, tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            return tag == "*" || tag == text
        }
    }
}
