package import JSON
import Synchronization

/// The schemas of one document, compiled when they are first asked for and then kept.
package final class SchemaSet: Sendable {
    let documents: SchemaDocuments
    private let compiler: Mutex<SchemaCompiler>

    /// `others` are documents that references may name by an absolute URI; nothing is ever fetched.
    package init(
        document: JSON, dialect: SchemaDialect, formats: FormatPolicy = .assertion,
        others: [(uri: String, document: JSON)] = []
    ) {
        documents = SchemaDocuments(
            [(uri: "", root: document)] + others.map { ($0.uri, $0.document) }, dialect: dialect)
        compiler = Mutex(SchemaCompiler(documents: documents, formats: formats))
    }

    /// The schema at `pointer` in the document.
    package func schema(at pointer: JSONPointer) throws(SchemaError) -> CompiledSchema {
        try compile { compiler throws(SchemaError) in
            try compiler.compile(at: SchemaLocation(document: 0, pointer: pointer))
        }
    }

    /// A schema that stands elsewhere, such as in a route; its references lead into the document.
    package func compile(_ schema: JSON) throws(SchemaError) -> CompiledSchema {
        // The usual case is nothing but a reference, which needs no node of its own.
        if let object = schema.object, object.count == 1, let text = object["$ref"]?.string, text.hasPrefix("#/"),
            let location = documents.location(of: text, from: documents.documents[0].rootResource)
        {
            return try self.schema(at: location.pointer)
        }
        return try compile { compiler throws(SchemaError) in try compiler.compile(schema) }
    }

    /// Keywords left out so far because they cannot be used as written, at most 100.
    package var warnings: [SchemaWarning] { compiler.withLock { $0.warnings } }

    /// Whether a schema compiled so far means different things depending on where validation came from.
    var hasDynamicReferences: Bool { compiler.withLock { !$0.dynamicNames.isEmpty } }

    private func compile(
        _ body: (inout SchemaCompiler) throws(SchemaError) -> SchemaNode
    ) throws(SchemaError) -> CompiledSchema {
        let result: Result<SchemaNode, SchemaError> = compiler.withLock { compiler in
            do throws(SchemaError) {
                return .success(try body(&compiler))
            } catch {
                compiler.abandon()
                return .failure(error)
            }
        }
        return CompiledSchema(root: try result.get(), set: self)
    }

    /// The compiled schema with `$dynamicAnchor` `name` in `resource`.
    func dynamicAnchor(_ name: String, in resource: Int) -> SchemaNode? {
        guard let location = documents.dynamicAnchor(name, in: resource) else { return nil }
        return compiler.withLock { $0.nodes[location] }
    }
}
