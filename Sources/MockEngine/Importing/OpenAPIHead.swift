import Domain
import JSON

/// The top of an OpenAPI document: its version and what the API is called.
struct OpenAPIHead {
    let version: String
    let title: String
    let apiVersion: String
    let basePath: String

    /// Schemas are JSON Schema 2020-12 from 3.1 on, before that a dialect of their own.
    var dialect: SchemaDialect { version.hasPrefix("3.0") ? .openAPI30 : .draft2020 }

    /// Throws `unsupported_format` for what is not OpenAPI 3.0 or 3.1; notes everything else.
    init(_ source: SourceDocument, findings: ImportFindings) throws(Problem) {
        let root = source.root
        version = try Self.version(of: root)
        if let info = root["info"]?.object {
            apiVersion = Self.text(info["version"]) ?? ""
            title = (Self.text(info["title"]) ?? "").trimmed
            if title.isEmpty {
                findings.refuse(JSONPointer(["info", "title"]), "required", "must name the API")
            }
            if apiVersion.isEmpty {
                findings.warn(JSONPointer(["info"]), "version_missing", "info.version is missing; it is required")
            }
        } else {
            findings.refuse(
                JSONPointer(["info"]), "required", "must be an object with the title and version of the API")
            title = ""
            apiVersion = ""
        }
        basePath = Self.basePath(root["servers"])
        switch root["paths"] {
        case .object?: break
        case let other?:
            findings.refuse(JSONPointer(["paths"]), "invalid_type", "must be an object, is \(other.typeName)")
        case nil:
            let isOptional = !version.hasPrefix("3.0") && (root["webhooks"] != nil || root["components"] != nil)
            if !isOptional {
                findings.refuse(JSONPointer(["paths"]), "required", "must be an object with the paths of the API")
            }
        }
    }

    /// Text that YAML may have read as a number, such as `3.1`.
    private static func text(_ value: JSON?) -> String? { value?.string ?? value?.number?.literal }

    private static func version(of root: JSON) throws(Problem) -> String {
        guard let object = root.object else {
            throw unsupported("The file holds \(root.typeName == "array" ? "an array" : "a \(root.typeName)")")
        }
        if let version = text(object["openapi"]) {
            if version == "3.0" || version == "3.1" || version.hasPrefix("3.0.") || version.hasPrefix("3.1.") {
                return version
            }
            throw unsupported("The file is OpenAPI \(version.prefix(20))")
        }
        if let version = text(object["swagger"]) {
            throw unsupported(
                "The file is Swagger \(version.prefix(20)). Convert it to OpenAPI 3, for instance with swagger2openapi or "
                    + "the converter of the Swagger editor, and import the result")
        }
        if object.contains("asyncapi") { throw unsupported("The file is an AsyncAPI description") }
        if object["log"]?["entries"] != nil { throw unsupported("The file is an HTTP archive (HAR)") }
        if object["info"]?["_postman_id"] != nil || object["item"]?.array != nil {
            throw unsupported(
                "The file is a Postman collection. Export the API as OpenAPI 3 from Postman and import the result")
        }
        throw unsupported("The file has no \"openapi\" member at its top, by which an OpenAPI description is known")
    }

    private static func unsupported(_ what: String) -> Problem {
        Problem(
            .unprocessable, code: "unsupported_format",
            detail: "\(what). OpenAPI 3.0 and 3.1 can be imported, as JSON or YAML.")
    }

    /// The path of the first server's address, with the default of each variable.
    private static func basePath(_ servers: JSON?) -> String {
        guard let server = servers?[0], var address = server["url"]?.string else { return "" }
        for (name, variable) in server["variables"]?.object ?? [:] {
            address = address.replacing("{\(name)}", with: text(variable["default"]) ?? "")
        }
        var path = Substring(address.prefix { $0 != "?" && $0 != "#" })
        if let scheme = path.firstRange(of: "://") {
            path = path[scheme.upperBound...].drop { $0 != "/" }
        } else if path.hasPrefix("//") {
            path = path.dropFirst(2).drop { $0 != "/" }
        }
        let segments = path.split(separator: "/").filter { $0 != "." && $0 != ".." }
        // A variable without a default leaves braces, which would be a path parameter of the mock.
        guard segments.allSatisfy({ !$0.contains("{") && !$0.contains("*") }) else { return "" }
        return segments.map { "/" + $0 }.joined()
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        guard let end = lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(self[...end].drop(while: \.isWhitespace))
    }
}
