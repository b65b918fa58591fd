import Domain
import JSON

/// What an import has to say about a file, with the lines of the places.
final class ImportFindings {
    /// A hopeless file must not make a report larger than itself.
    private static let warningLimit = 200

    private let source: SourceDocument
    private let violations = Violations()
    private var warnings: [ImportWarning] = []
    private var dropped = 0

    init(_ source: SourceDocument) { self.source = source }

    /// Something that the file must be corrected for.
    func refuse(_ pointer: JSONPointer, _ code: String, _ message: String) {
        let place = source.line(of: pointer).map { " (line \($0))" } ?? ""
        violations.add(pointer, code, message + place)
    }

    /// Something that the author should know.
    func warn(_ pointer: JSONPointer, _ code: String, _ message: String) {
        guard warnings.count < Self.warningLimit else {
            dropped += 1
            return
        }
        warnings.append(ImportWarning(code: code, message: message, pointer: pointer, line: source.line(of: pointer)))
    }

    /// Notes why a reference could not be followed: what the file owes is refused, what we cannot do is a warning.
    func note(_ failure: ReferenceResolver.Failure, at pointer: JSONPointer) {
        switch failure {
        case .external(let reference):
            warn(
                pointer, "external_reference",
                "\"\(reference)\" leads out of the file and is not followed; put what it names into the file")
        case .missing(let reference):
            refuse(pointer, "unresolved_reference", "refers to \"\(reference)\", which is not in the file")
        case .cycle(let reference):
            refuse(pointer, "reference_cycle", "refers to itself by way of \"\(reference)\"")
        case .notAnObject(let type):
            refuse(pointer, "invalid_type", "must be an object or lead to one, is \(type)")
        }
    }

    /// The warnings of a file without violations; throws all violations of another.
    func conclude() throws(Problem) -> [ImportWarning] {
        try violations.throwIfAny()
        guard dropped > 0 else { return warnings }
        return warnings + [
            ImportWarning(code: "more_warnings", message: "\(dropped) more warnings are left out", pointer: .root)
        ]
    }
}
