import Domain
import JSON

extension ResponseDefinition {
    /// Compiles the body and header values as templates, only to note what is wrong with them.
    func checkTemplates(_ reader: ObjectReader) {
        func note(_ pointer: JSONPointer, _ error: TemplateError) {
            reader.violations.add(pointer, "invalid_template", "is not a template: \(error)")
        }
        do {
            switch body {
            case .text(let text): _ = try CompiledTemplate(text: text)
            case .json(let value): _ = try CompiledTemplate(json: value)
            case .empty, .base64, .asset, .schema: break
            }
        } catch {
            var pointer = reader.pointer / "body"
            if case .syntax(_, _, _, let inner) = error { pointer.tokens += inner.tokens }
            note(pointer, error)
        }
        for field in headers {
            do {
                _ = try CompiledTemplate(header: field.value)
            } catch {
                note(reader.pointer / "headers" / field.name, error)
            }
        }
    }
}
