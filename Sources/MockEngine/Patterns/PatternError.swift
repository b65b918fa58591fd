/// Why a regular expression cannot be used, for the person who wrote it.
package struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    /// Where the fault is, in Unicode scalars from the start of the pattern; nil when it is the pattern as a whole.
    package let offset: Int?

    package init(_ message: String, at offset: Int? = nil) {
        self.message = message
        self.offset = offset
    }

    package var description: String {
        if let offset { "\(message) at character \(offset + 1)" } else { message }
    }
}
