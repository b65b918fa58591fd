import Domain
import JSON

/// What a description asks of one parameter.
struct ParameterContract: Sendable {
    enum Location: String, Sendable {
        case path
        case query
        case header
        case cookie
    }

    /// How arrays and objects are written; scalars look the same in all.
    private enum Style: String, Sendable {
        case simple
        case label
        case matrix
        case form
        case spaceDelimited
        case pipeDelimited
        case deepObject
    }

    /// In lower case for a header.
    let name: String
    let location: Location
    private let isRequired: Bool
    private let allowsEmpty: Bool
    private let style: Style
    private let explodes: Bool
    private let shape: ValueShape
    private let schema: CompiledSchema?
    /// The parameter's text is a JSON document.
    private let holdsJSON: Bool

    /// Nil for what is not a parameter that can be checked.
    init?(_ target: ReferenceResolver.Target, references: ReferenceResolver, schemas: SchemaSet) {
        let object = target.object
        guard let name = object["name"]?.string, let location = object["in"]?.string.flatMap(Location.init) else {
            return nil
        }
        self.name = location == .header ? name.lowercased() : name
        self.location = location
        isRequired = location == .path || object["required"]?.bool == true
        allowsEmpty = object["allowEmptyValue"]?.bool == true
        let usual: Style = location == .query || location == .cookie ? .form : .simple
        style = object["style"]?.string.flatMap(Style.init) ?? usual
        explodes = object["explode"]?.bool ?? (style == .form)
        var place = target.pointer / "schema"
        if let content = object["content"]?.object, let type = MediaType.preferred(in: content) {
            place = target.pointer / "content" / type.text / "schema"
            holdsJSON = type.isJSON
        } else {
            holdsJSON = false
        }
        shape = references.root[place].map { ValueShape($0, references: references) } ?? .text
        schema = references.root[place] == nil ? nil : try? schemas.schema(at: place)
    }

    func violations(_ view: RequestView) -> [Violation] {
        let place = "\(location.rawValue):\(name)"
        guard let value = value(in: view) else {
            return isRequired ? [Violation(pointer: place, code: "required", message: "is required")] : []
        }
        if holdsJSON, value.isNull, let text = texts(in: view).first, text != "null" {
            return [Violation(pointer: place, code: "invalid_json", message: "must be JSON")]
        }
        if allowsEmpty, value.string == "" { return [] }
        return (schema?.validate(value) ?? []).map {
            Violation(pointer: place + $0.pointer, code: $0.code, message: $0.message)
        }
    }

    /// The pieces of text under the parameter's name.
    private func texts(in view: RequestView) -> [String] {
        switch location {
        case .path: view.pathParameter(name).map { [$0] } ?? []
        case .query: view.queryValues(name)
        case .header: view.headers(name)
        case .cookie: view.cookieValues(name)
        }
    }

    private func value(in view: RequestView) -> JSON? {
        if location == .query, shape.isObject, !holdsJSON {
            if style == .deepObject { return deepObject(in: view) }
            if style == .form && explodes { return explodedObject(in: view) }
        }
        let texts = texts(in: view)
        guard let text = texts.first else { return nil }
        if holdsJSON { return (try? JSON.parse(text)) ?? .null }
        if shape.isArray {
            if explodes, location == .query || location == .cookie { return shape.array(of: texts) }
            return shape.array(of: pieces(of: location == .header ? texts.joined(separator: ",") : text))
        }
        if shape.isObject { return shape.object(of: pairs(of: text)) }
        return shape.value(of: unprefixed(text))
    }

    /// The members of an exploded form object stand in the query under their own names.
    private func explodedObject(in view: RequestView) -> JSON? {
        let pairs = view.queryParameters.filter { shape.properties[$0.name] != nil }
        return pairs.isEmpty ? .none : shape.object(of: pairs)
    }

    private func deepObject(in view: RequestView) -> JSON? {
        let pairs = view.queryParameters.compactMap { parameter -> (name: String, value: String)? in
            guard parameter.name.hasPrefix(name + "["), parameter.name.hasSuffix("]") else { return nil }
            return (String(parameter.name.dropFirst(name.count + 1).dropLast()), parameter.value)
        }
        return pairs.isEmpty ? .none : shape.object(of: pairs)
    }

    /// Without what styles `label` and `matrix` put before a value.
    private func unprefixed(_ text: String) -> String {
        switch style {
        case .label where text.hasPrefix("."): String(text.dropFirst())
        case .matrix where text.hasPrefix(";\(name)="): String(text.dropFirst(name.count + 2))
        default: text
        }
    }

    private func pieces(of text: String) -> [String] {
        let separator: Character =
            switch style {
            case .spaceDelimited: " "
            case .pipeDelimited: "|"
            case .label where explodes: "."
            default: ","
            }
        let text = unprefixed(text)
        guard !text.isEmpty else { return [] }
        return text.split(separator: separator, omittingEmptySubsequences: false).map { String($0).trimmed }
    }

    private func pairs(of text: String) -> [(name: String, value: String)] {
        let pieces = pieces(of: text)
        if explodes {
            return pieces.map { piece in
                let name = piece.prefix { $0 != "=" }
                return (String(name), String(piece.dropFirst(name.count + 1)))
            }
        }
        return stride(from: 0, to: pieces.count - 1, by: 2).map { (pieces[$0], pieces[$0 + 1]) }
    }
}
