package import Domain
package import JSON

extension ResponseDefinition {
    private static let fields = [
        "name", "status", "headers", "body", "body_base64", "body_schema", "body_asset", "template", "delay", "when",
        "weight",
    ]

    package static let maximalHeaders = 100
    package static let maximalHeaderLength = 8000
    /// Milliseconds.
    package static let maximalDelay = 60_000
    package static let maximalWeight = 1_000_000

    /// Reads one element of `responses`; nil when anything is wrong, then `violations` has grown.
    package init?(json: JSON, at pointer: JSONPointer = .root, violations: Violations) {
        let before = violations.list.count
        guard let reader = ObjectReader(json, at: pointer, known: Self.fields, violations: violations) else {
            return nil
        }
        self.init(
            name: reader.string("name", length: 0...RouteDefinition.maximalNameLength) ?? "",
            status: reader.integer("status", in: 200...599) ?? 200, headers: Self.headers(reader),
            body: BodyDefinition(reader) ?? .empty, isTemplate: reader.bool("template") ?? false,
            delayMilliseconds: reader.reader("delay", known: ["ms"])?.integer(
                "ms", required: true, in: 0...Self.maximalDelay)
                ?? 0,
            when: reader.value("when").flatMap {
                MatchDefinition(json: $0, at: pointer / "when", violations: violations)
            },
            weight: reader.integer("weight", in: 0...Self.maximalWeight) ?? 1)
        if violations.list.count == before, isTemplate { checkTemplates(reader) }
        guard violations.list.count == before else { return nil }
    }

    private static func headers(_ reader: ObjectReader) -> [HeaderField] {
        guard let object = reader.object("headers") else { return [] }
        var fields: [HeaderField] = []
        for (name, value) in object {
            let pointer = reader.pointer / "headers" / name
            guard HeaderRules.isToken(name) else {
                reader.violations.add(pointer, "invalid_name", "is not a header name: letters, digits and hyphens are")
                continue
            }
            if HeaderRules.reserved.contains(name.lowercased()) {
                reader.violations.add(pointer, "reserved_header", "is set by the server; leave it out")
                continue
            }
            let values = value.array ?? [value]
            guard values.count <= maximalHeaders - fields.count else {
                reader.refuse("headers", "too_many", "must have at most \(maximalHeaders) values in all")
                break
            }
            for (index, element) in values.enumerated() {
                let place = value.array == nil ? pointer : pointer / index
                if let text = headerValue(element, at: place, reader.violations) {
                    fields.append(HeaderField(name, text))
                }
            }
        }
        return fields
    }

    private static func headerValue(_ value: JSON, at pointer: JSONPointer, _ violations: Violations) -> String? {
        guard let text = value.string else {
            violations.add(pointer, "invalid_type", "must be a string or a list of strings, is \(value.typeName)")
            return nil
        }
        guard text.utf8.count <= maximalHeaderLength else {
            violations.add(pointer, "too_long", "must have at most \(maximalHeaderLength) bytes")
            return nil
        }
        guard HeaderRules.isValue(text) else {
            violations.add(pointer, "invalid_value", "must not have line breaks or other control characters")
            return nil
        }
        return text
    }

    /// The wire form, complete with defaults.
    package var json: JSON {
        var object: JSONObject = ["name": .string(name), "status": JSON(status), "headers": headersJSON]
        if let (key, value) = body.member { object[key] = value }
        object["template"] = JSON(isTemplate)
        object["delay"] = ["ms": JSON(delayMilliseconds)]
        if let when { object["when"] = when.json }
        object["weight"] = JSON(weight)
        return .object(object)
    }

    /// A name that stands once has its value, a repeated one the list of its values.
    private var headersJSON: JSON {
        var object: JSONObject = [:]
        for field in headers {
            switch object[field.name] {
            case nil: object[field.name] = .string(field.value)
            case .array(let values)?: object[field.name] = .array(values + [.string(field.value)])
            case let value?: object[field.name] = .array([value, .string(field.value)])
            }
        }
        return .object(object)
    }
}

extension BodyDefinition {
    /// Reads the one member that gives the body; nil for none, or, with a violation, for more than one or a wrong one.
    init?(_ reader: ObjectReader) {
        let present = ["body", "body_base64", "body_schema", "body_asset"].filter { reader.value($0) != nil }
        guard present.count <= 1 else {
            reader.refuse(present[1], "conflict", "cannot stand beside \"\(present[0])\": a response has one body")
            return nil
        }
        switch present.first {
        case "body":
            switch reader.value("body") {
            case .string(let text)?: self = .text(text)
            case let value?: self = .json(value)
            case nil: return nil
            }
        case "body_base64":
            guard let text = reader.string("body_base64", length: 0...Int.max) else { return nil }
            guard Base64.decode(text) != nil else {
                reader.refuse("body_base64", "invalid_value", "must be base64 with padding (RFC 4648)")
                return nil
            }
            self = .base64(text)
        case "body_asset":
            guard let name = reader.string("body_asset", length: 1...200) else { return nil }
            self = .asset(name)
        case "body_schema":
            guard let schema = Self.schema(reader) else { return nil }
            self = .schema(schema)
        default:
            return nil
        }
    }

    private static func schema(_ reader: ObjectReader) -> JSON? {
        guard let schema = reader.value("body_schema") else { return nil }
        guard schema.object != nil || schema.bool != nil else {
            reader.refuse(
                "body_schema", "invalid_type", "must be a schema or {\"$ref\": \"#/…\"}, is \(schema.typeName)")
            return nil
        }
        if let reference = schema["$ref"], reference.string?.hasPrefix("#") != true {
            reader.violations.add(
                reader.pointer / "body_schema" / "$ref", "invalid_reference",
                "must be a string that leads into the mock's own document, such as \"#/components/schemas/Pet\"")
            return nil
        }
        return schema
    }

    /// The member of the wire form; nil for no body.
    ///
    /// A JSON string or null would be read as text and as no body, so it is written as its JSON text, which makes the same
    /// bytes.
    var member: (key: String, value: JSON)? {
        switch self {
        case .empty: nil
        case .json(let value):
            switch value {
            case .string, .null: ("body", .string(value.text))
            default: ("body", value)
            }
        case .text(let text): ("body", .string(text))
        case .base64(let text): ("body_base64", .string(text))
        case .asset(let name): ("body_asset", .string(name))
        case .schema(let schema): ("body_schema", schema)
        }
    }
}
