package import JSON
import Synchronization

/// The schemas of one document, compiled when they are first asked for and then kept.
package final class SchemaSet: Sendable {
    private struct State {
        var nodes: [SchemaLocation: SchemaNode] = [:]
        var warnings: [SchemaWarning] = []
        var count = 0
    }

    let documents: SchemaDocuments
    private let formats: FormatPolicy
    private let state = Mutex(State())

    /// `others` are documents that references may name by an absolute URI; nothing is ever fetched.
    package init(
        document: JSON, dialect: SchemaDialect, formats: FormatPolicy = .assertion,
        others: [(uri: String, document: JSON)] = []
    ) {
        documents = SchemaDocuments(
            [(uri: "", root: document)] + others.map { ($0.uri, $0.document) }, dialect: dialect)
        self.formats = formats
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
    package var warnings: [SchemaWarning] { state.withLock { $0.warnings } }

    private func compile(
        _ body: (inout SchemaCompiler) throws(SchemaError) -> SchemaNode
    ) throws(SchemaError) -> CompiledSchema {
        let result: Result<SchemaNode, SchemaError> = state.withLock { state in
            // Moved, not copied: the table of a large description has thousands of entries.
            var compiler = SchemaCompiler(
                documents: documents, formats: formats, nodes: state.nodes.moved(), count: state.count)
            defer { state.nodes = compiler.nodes }
            do throws(SchemaError) {
                let node = try body(&compiler)
                state.count = compiler.nodeCount
                state.warnings = Array((state.warnings + compiler.warnings).prefix(100))
                return .success(node)
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
        return state.withLock { $0.nodes[location] }
    }
}

extension Dictionary {
    /// The contents, leaving nothing here, so that the new owner changes them in place.
    fileprivate mutating func moved() -> Self {
        defer { self = [:] }
        return self
    }
}
