package import Domain
package import JSON
import Synchronization

/// What an operation of an imported description asks of its requests: parameters, media type and body.
///
/// Compiled at the first request that is checked, since most operations of a large description are never called.
package final class RequestContract: Sendable {
    private let document: JSON
    private let operation: OperationReference
    private let schemas: SchemaSet
    private let compiled = Mutex<CompiledContract?>(nil)

    /// Nil when `document` has no such operation. `schemas` is the set over `document` that its other users share.
    package init?(document: JSON, operation: OperationReference, schemas: SchemaSet) {
        guard document[JSONPointer(["paths", operation.path])] != nil else { return nil }
        self.document = document
        self.operation = operation
        self.schemas = schemas
    }

    /// Everything in which a request breaks the contract. The pointer is `path:id`, `query:limit`, `header:x-trace` or
    /// `cookie:session` for parameters and a JSON pointer for the body.
    ///
    /// A body of a type that the operation does not take has the code `unsupported_media_type`; one that is not JSON although it
    /// says so has `invalid_json`. Other codes are `required` and the keywords of JSON Schema.
    package func violations(_ view: RequestView) -> [Violation] {
        let contract = compiled.withLock { compiled in
            if let compiled { return compiled }
            let contract = CompiledContract(document: document, operation: operation, schemas: schemas)
            compiled = contract
            return contract
        }
        return contract.parameters.flatMap { $0.violations(view) } + (contract.body?.violations(view) ?? [])
    }
}

/// The compiled form of a contract.
private struct CompiledContract: Sendable {
    /// These describe what OpenAPI describes elsewhere, and are to be ignored as parameters.
    private static let ignoredHeaders: Set<String> = ["accept", "authorization", "content-type"]

    let parameters: [ParameterContract]
    let body: BodyContract?

    init(document: JSON, operation: OperationReference, schemas: SchemaSet) {
        let references = ReferenceResolver(root: document)
        guard let item = try? references.resolve(JSONPointer(["paths", operation.path])),
            let object = item.object[operation.method]?.object
        else {
            parameters = []
            body = nil
            return
        }
        let place = item.pointer / operation.method
        let shared = (item.object["parameters"]?.array ?? []).indices.map { item.pointer / "parameters" / $0 }
        let own = (object["parameters"]?.array ?? []).indices.map { place / "parameters" / $0 }
        var parameters: [ParameterContract] = []
        for pointer in shared + own {
            guard let target = try? references.resolve(pointer),
                let parameter = ParameterContract(target, references: references, schemas: schemas),
                !(parameter.location == .header && Self.ignoredHeaders.contains(parameter.name))
            else { continue }
            // An operation's own parameter replaces the path's of the same name and place.
            parameters.removeAll { $0.name == parameter.name && $0.location == parameter.location }
            parameters.append(parameter)
        }
        self.parameters = parameters
        if object.contains("requestBody"), let target = try? references.resolve(place / "requestBody") {
            body = BodyContract(target, references: references, schemas: schemas)
        } else {
            body = nil
        }
    }
}
