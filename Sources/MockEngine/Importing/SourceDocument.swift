package import Domain
package import JSON
import Synchronization

/// A file that somebody imports: JSON or YAML text, read into JSON values that know their line.
package struct SourceDocument: Sendable {
    package enum Format: String, Sendable, Hashable, CaseIterable {
        case json
        case yaml
    }

    package let format: Format
    package let root: JSON
    private let lines: Lines

    /// Reads `bytes`; without `format`, text that begins with `{` or `[` is taken for JSON and all other for YAML.
    ///
    /// Nesting is limited to 128 levels and what YAML aliases expand to to 16 MiB; the caller limits the bytes.
    /// Throws a 400 `invalid_syntax` that names line and column.
    package init(_ bytes: [UInt8], format: Format? = nil) throws(Problem) {
        let looksLikeJSON = Self.looksLikeJSON(bytes)
        if format == .json || looksLikeJSON {
            do {
                root = try JSON.parse(bytes)
                self.format = .json
                lines = Lines { JSONLineScanner.tree(bytes) }
                return
            } catch {
                // YAML has braces too, so what was announced as YAML gets its second chance below.
                if format != .yaml {
                    throw Self.problem("JSON", error.message, line: error.line, column: error.column)
                }
            }
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Problem(.badRequest, code: "invalid_syntax", detail: "The file is not UTF-8 text.")
        }
        do {
            let (root, tree) = try YAMLReader.read(bytes)
            self.root = root
            self.format = .yaml
            lines = Lines { tree }
        } catch {
            throw Self.problem("YAML", error.message, line: error.line, column: error.column)
        }
    }

    /// The line, counted from 1, on which the member or element at `pointer` begins; nil where nothing is.
    package func line(of pointer: JSONPointer) -> Int? { lines.tree.line(of: pointer, in: root) }

    private static func looksLikeJSON(_ bytes: [UInt8]) -> Bool {
        var text = bytes[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        let first = text.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    private static func problem(_ format: String, _ message: String, line: Int, column: Int) -> Problem {
        Problem(
            .badRequest, code: "invalid_syntax",
            detail: "The file is not \(format) that can be read: \(message) at line \(line), column \(column).",
            members: ["line": JSON(line), "column": JSON(column)])
    }
}

/// The lines of a document, found when the first is asked for.
private final class Lines: Sendable {
    private let found = Mutex<LineTree?>(nil)
    private let find: @Sendable () -> LineTree

    init(_ find: @escaping @Sendable () -> LineTree) { self.find = find }

    var tree: LineTree {
        found.withLock { found in
            if let found { return found }
            let tree = find()
            found = tree
            return tree
        }
    }
}
