import Domain
import JSON

/// What a description asks of a request's body.
struct BodyContract: Sendable {
    private struct Media: Sendable {
        let type: MediaType
        let schema: CompiledSchema?
        let shape: ValueShape
    }

    private let isRequired: Bool
    private let media: [Media]

    init(_ target: ReferenceResolver.Target, references: ReferenceResolver, schemas: SchemaSet) {
        isRequired = target.object["required"]?.bool == true
        media = (target.object["content"]?.object?.keys ?? []).filter { !$0.hasPrefix("x-") }.map { key in
            let place = target.pointer / "content" / key / "schema"
            let schema = references.root[place]
            return Media(
                type: MediaType(key), schema: schema == nil ? nil : try? schemas.schema(at: place),
                shape: schema.map { ValueShape($0, references: references) } ?? .text)
        }
    }

    func violations(_ view: RequestView) -> [Violation] {
        guard !view.request.body.isEmpty else {
            return isRequired ? [Violation(.root, "required", "is required: the request must have a body")] : []
        }
        guard !media.isEmpty else { return [] }
        guard let essence = view.mediaType, let media = media(for: essence) else {
            let types = media.map { "\"\($0.type.text)\"" }.joined(separator: ", ")
            let found = view.mediaType.map { "is \"\($0)\"" } ?? "is missing"
            return [
                Violation(
                    pointer: "header:content-type", code: "unsupported_media_type",
                    message: "\(found); known are \(types)")
            ]
        }
        // A range says nothing of the body itself.
        let type = media.type.isRange ? MediaType(essence) : media.type
        if type.isJSON {
            guard let body = view.bodyJSON else {
                return [Violation(.root, "invalid_json", "must be JSON, as its content type says")]
            }
            return media.schema?.validate(body, direction: .request) ?? []
        }
        guard let schema = media.schema, let text = view.bodyText else { return [] }
        if type.isForm { return schema.validate(media.shape.object(of: FormEncoding.pairs(text)), direction: .request) }
        return type.isText && media.shape.types == ["string"] ? schema.validate(.string(text)) : []
    }

    private func media(for essence: String) -> Media? {
        var best: (media: Media, specificity: Int)?
        for media in media {
            let specificity = media.type.specificity(for: essence)
            // Of equals the last.
            if specificity > 0, specificity >= best?.specificity ?? 0 { best = (media, specificity) }
        }
        return best?.media
    }
}
