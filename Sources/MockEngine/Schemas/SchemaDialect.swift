/// Which keywords a schema may use and what they mean.
package enum SchemaDialect: Sendable, Hashable {
    /// JSON Schema draft 2020-12, and with it OpenAPI 3.1.
    case draft2020
    /// JSON Schema draft 4, and with it Swagger 2.0.
    case draft4
    /// OpenAPI 3.0's own: draft 4 with `nullable`, without identifiers.
    case openAPI30

    /// Whether `$ref` hides every keyword beside it.
    var referenceHidesSiblings: Bool { self != .draft2020 }

    /// The keyword that names a schema resource.
    var identifierKeyword: String? {
        switch self {
        case .draft2020: "$id"
        case .draft4: "id"
        case .openAPI30: nil
        }
    }
}

/// What `format` does.
package enum FormatPolicy: Sendable {
    /// A value that breaks a known format is invalid.
    case assertion
    /// `format` is a hint and decides nothing.
    case annotation
}

/// Which way a value travels: `readOnly` properties are not required in requests, `writeOnly` ones not in responses.
package enum MessageDirection: Sendable {
    case request
    case response
}
