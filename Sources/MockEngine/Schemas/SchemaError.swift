package import JSON

/// Why a schema cannot be compiled, and where in the document.
package struct SchemaError: Error, Sendable, Hashable, CustomStringConvertible {
    package let pointer: JSONPointer
    package let message: String

    package init(_ pointer: JSONPointer, _ message: String) {
        self.pointer = pointer
        self.message = message
    }

    package var description: String { pointer.tokens.isEmpty ? message : "\(pointer): \(message)" }
}

/// A keyword that was left out of a compiled schema because it cannot be used as written.
package struct SchemaWarning: Sendable, Hashable {
    package let pointer: JSONPointer
    package let message: String
}
