package import JSON

/// What an importer made of a file: the mock's name and routes, the document that they point into, and what to tell the author.
package struct ImportedMock: Sendable {
    /// The title of the API; a mock is named after it unless the importer of the file says otherwise.
    package var name: String
    /// The author's version of the API (`info.version`); empty when absent.
    package var version: String
    /// The file's format with its version, such as `openapi 3.0.3`.
    package var format: String
    /// From the first server's address; normalised: empty, or begins with `/` and does not end with one.
    package var suggestedBasePath: String
    /// The whole document, to be kept as `MockDefinition.document`.
    package var document: JSON
    /// One route for each operation, in the order of the document, each with its `operation`.
    package var routes: [RouteDefinition]
    package var warnings: [ImportWarning]
}

/// Something in an imported file that did not stop the import.
package struct ImportWarning: Sendable, Hashable {
    /// Stable, for programs: `example_invalid`, `external_reference`, `duplicate_route`, …
    package let code: String
    package let message: String
    package let pointer: JSONPointer
    /// Counted from 1; nil when the place has no line of its own.
    package let line: Int?

    package init(code: String, message: String, pointer: JSONPointer, line: Int? = nil) {
        self.code = code
        self.message = message
        self.pointer = pointer
        self.line = line
    }

    package var json: JSON {
        [
            "code": .string(code), "message": .string(message), "pointer": .string(pointer.description),
            "line": JSON(line),
        ]
    }
}
