package import JSON

/// Why a template cannot be compiled, or why its rendering was stopped.
package enum TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Found when the template is compiled. Lines and columns count from 1, columns in characters; in a JSON template
    /// they count inside the string that `pointer` leads to.
    case syntax(message: String, line: Int, column: Int, pointer: JSONPointer)
    /// A bound on size, steps, nesting or loops was passed; the message says which and how large it is.
    case limit(String)

    /// What is wrong, without the place.
    package var message: String {
        switch self {
        case .syntax(let message, _, _, _), .limit(let message): message
        }
    }

    /// What is wrong and where, for people.
    package var description: String {
        switch self {
        case .syntax(let message, let line, let column, _): "\(message) at line \(line), column \(column)"
        case .limit(let message): message
        }
    }
}
