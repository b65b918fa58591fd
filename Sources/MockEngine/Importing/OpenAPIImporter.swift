package import Domain

/// Makes a mock of an OpenAPI description, version 3.0 or 3.1.
package struct OpenAPIImporter {
    /// Reads a file; ids of the new routes come from `surroundings`.
    ///
    /// Throws `invalid_syntax` (400), `unsupported_format` (422) or `validation_failed` (422, with every violation).
    package static func read(
        _ bytes: [UInt8], format: SourceDocument.Format? = nil, surroundings: Surroundings
    ) throws(Problem) -> ImportedMock {
        let source = try SourceDocument(bytes, format: format)
        return ImportedMock(
            name: "", version: "", format: "openapi", suggestedBasePath: "", document: source.root, routes: [],
            warnings: [])
    }
}
