package import JSON

/// A response body or header value with `{{expressions}}`, checked once and then rendered for each request.
///
/// Rendering is a single pass: what a request brings in is data and is never read as a template.
package struct CompiledTemplate: Sendable {
    private let program: TemplateProgram

    /// A text body: values are inserted as they are.
    package init(text: String) throws(TemplateError) {
        var compiler = TemplateCompiler(escaping: .none)
        try compiler.compile(text: text)
        program = compiler.program
    }

    /// A header value: control characters are left out, so no value can begin another header.
    package init(header: String) throws(TemplateError) {
        var compiler = TemplateCompiler(escaping: .header)
        try compiler.compile(text: header)
        program = compiler.program
    }

    /// A JSON body: strings are templates into which values are inserted escaped; a string that is exactly one
    /// expression becomes the typed value.
    package init(json: JSON) throws(TemplateError) {
        var compiler = TemplateCompiler(escaping: .json)
        try compiler.compile(json: json)
        program = compiler.program
    }

    /// The bytes are the same for every request; see `constantBytes`.
    package var isConstant: Bool {
        program.operations.allSatisfy { if case .literal = $0 { true } else { false } }
    }

    /// The rendered bytes when they are the same for every request, else nil.
    package var constantBytes: [UInt8]? { isConstant ? program.constants : nil }

    /// Appends the rendered bytes to `bytes`. Throws `TemplateError.limit` alone; `bytes` is then as it was.
    package func render(
        _ view: RequestView, _ environment: inout TemplateEnvironment, into bytes: inout [UInt8]
    ) throws(TemplateError) {
        let start = bytes.count
        var renderer = TemplateRenderer(program, view, environment)
        defer { environment = renderer.environment }
        do {
            try renderer.run(into: &bytes)
        } catch {
            bytes.removeSubrange(start...)
            throw error
        }
    }
}
