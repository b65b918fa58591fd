package import Domain
package import JSON

/// What a workspace does with a request that breaks the imported description.
package enum ValidationMode: String, Sendable, Hashable, CaseIterable {
    case off
    /// Answers as usual; the violations are in a header and in the journal.
    case report
    /// Answers 400, 415 or 422 with the violations.
    case enforce
}

/// The settings of a workspace, each with a default.
package struct WorkspaceSettings: Sendable, Hashable {
    private static let fields = [
        "validation", "cors", "require_api_key", "near_miss", "journal", "journal_sample", "seed",
    ]

    package var validation = ValidationMode.off
    package var cors = CrossOriginSettings()
    /// Whether mocks answer only to the tenant's API keys.
    package var requireAPIKey = false
    /// Whether a 404 tells the nearest routes.
    package var nearMiss = true
    /// Whether requests are kept for looking at.
    package var journal = true
    /// The share of requests that the journal keeps, 0 to 1, picked at random.
    package var journalSample = 1.0
    /// With it, made-up data is the same for the same request at every call.
    package var seed: Int?

    package init() {}

    /// Reads what a client wrote; members that are left out have their defaults. Nil when anything is wrong, then
    /// `violations` has grown.
    package init?(json: JSON, at pointer: JSONPointer = .root, violations: Violations) {
        let before = violations.list.count
        guard let reader = ObjectReader(json, at: pointer, known: Self.fields, violations: violations) else {
            return nil
        }
        self.init(reader)
        guard violations.list.count == before else { return nil }
    }

    /// Reads what was stored: whatever this version does not understand has its default.
    package init(stored json: JSON) {
        self.init()
        if let reader = ObjectReader(json, known: Self.fields, violations: Violations()) { self.init(reader) }
    }

    private init(_ reader: ObjectReader) {
        validation = reader.choice("validation", ValidationMode.self) ?? .off
        cors = reader.value("cors").map { CrossOriginSettings($0, reader) } ?? CrossOriginSettings()
        requireAPIKey = reader.bool("require_api_key") ?? false
        nearMiss = reader.bool("near_miss") ?? true
        journal = reader.bool("journal") ?? true
        journalSample = reader.number("journal_sample", in: 0...1) ?? 1
        seed = reader.integer("seed")
    }

    /// The wire form, complete with defaults.
    package var json: JSON {
        [
            "validation": .string(validation.rawValue), "cors": cors.json, "require_api_key": JSON(requireAPIKey),
            "near_miss": JSON(nearMiss), "journal": JSON(journal), "journal_sample": JSON(journalSample),
            "seed": JSON(seed),
        ]
    }
}

/// Which pages of other origins browsers let at the mocks (the Fetch standard's CORS protocol); `*` stands for all.
package struct CrossOriginSettings: Sendable, Hashable {
    private static let fields = [
        "enabled", "allow_origins", "allow_methods", "allow_headers", "expose_headers", "allow_credentials", "max_age",
    ]
    private static let maximalNames = 100

    package var isEnabled = true
    package var allowOrigins = ["*"]
    package var allowMethods = ["*"]
    package var allowHeaders = ["*"]
    package var exposeHeaders = ["*"]
    package var allowsCredentials = true
    /// Seconds for which a browser may keep the answer to a preflight.
    package var maxAge = 600

    package init() {}

    /// Reads an object, or `false` for `{"enabled": false}`.
    init(_ json: JSON, _ settings: ObjectReader) {
        self.init()
        if let isEnabled = json.bool {
            self.isEnabled = isEnabled
            return
        }
        guard let reader = settings.reader("cors", known: Self.fields) else { return }
        isEnabled = reader.bool("enabled") ?? true
        allowOrigins = Self.names(
            reader, "allow_origins", "an origin such as \"https://app.example.com\"", Self.isOrigin)
        allowMethods = Self.names(reader, "allow_methods", "a method such as \"GET\"", HeaderRules.isToken)
        allowHeaders = Self.names(reader, "allow_headers", "a header name", HeaderRules.isToken)
        exposeHeaders = Self.names(reader, "expose_headers", "a header name", HeaderRules.isToken)
        allowsCredentials = reader.bool("allow_credentials") ?? true
        maxAge = reader.integer("max_age", in: 0...86_400) ?? 600
    }

    private static func names(
        _ reader: ObjectReader, _ key: String, _ expected: String, _ isProper: (String) -> Bool
    ) -> [String] {
        guard let list = reader.array(key, count: 0...maximalNames) else { return ["*"] }
        return list.enumerated().compactMap { index, element in
            if let name = element.string, name == "*" || isProper(name) { return name }
            reader.violations.add(reader.pointer / key / index, "invalid_value", "must be \(expected), or \"*\"")
            return nil
        }
    }

    /// A scheme, `://` and a host, without a path; or `null`, the origin of sandboxed pages and files.
    private static func isOrigin(_ text: String) -> Bool {
        if text == "null" { return true }
        guard text.utf8.count <= 300, let separator = text.firstRange(of: "://") else { return false }
        let host = text[separator.upperBound...]
        return separator.lowerBound != text.startIndex && !host.isEmpty
            && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != PathEncoding.slash && $0 != UInt8(ascii: ",") }
    }

    /// The wire form, complete with defaults.
    package var json: JSON {
        func list(_ names: [String]) -> JSON { .array(names.map { .string($0) }) }
        return [
            "enabled": JSON(isEnabled), "allow_origins": list(allowOrigins), "allow_methods": list(allowMethods),
            "allow_headers": list(allowHeaders), "expose_headers": list(exposeHeaders),
            "allow_credentials": JSON(allowsCredentials), "max_age": JSON(maxAge),
        ]
    }
}
