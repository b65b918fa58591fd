package import JSON

/// A response body or header value with `{{expressions}}`, checked once and then rendered for each request.
package struct CompiledTemplate: Sendable {
    private let constant: [UInt8]

    /// A text body: values are inserted as they are.
    package init(text: String) throws(TemplateError) { constant = Array(text.utf8) }

    /// A header value: values are inserted without control characters, so no value can begin another header.
    package init(header: String) throws(TemplateError) { constant = Array(header.utf8) }

    /// A JSON body: strings are templates; one that is exactly one expression becomes the typed value.
    package init(json: JSON) throws(TemplateError) { constant = json.bytes }

    /// The bytes are the same for every request.
    package var isConstant: Bool { true }

    /// Appends the rendered bytes to `bytes`; throws `TemplateError.limit` alone, having appended part of them.
    package func render(
        _ view: RequestView, _ environment: inout TemplateEnvironment, into bytes: inout [UInt8]
    ) throws(TemplateError) {
        bytes.append(contentsOf: constant)
    }
}
