import HTTPTypes
import MockEngine

/// Speaks the Fetch standard's CORS protocol for a workspace. Unless its settings say otherwise every origin may do
/// everything: a mock holds nothing secret, and a front end under test runs anywhere.
struct CrossOrigin: Sendable {
    private let settings: CrossOriginSettings
    /// In lower case; nil for every origin.
    private let origins: [String]?

    init(_ settings: CrossOriginSettings) {
        self.settings = settings
        origins = settings.allowOrigins.contains("*") ? nil : settings.allowOrigins.map { $0.lowercased() }
    }

    var isEnabled: Bool { settings.isEnabled }

    static func isPreflight(_ request: HTTPRequest) -> Bool {
        request.method == .options && request.headerFields.contains(.origin)
            && request.headerFields.contains(.accessControlRequestMethod)
    }

    /// Adds what lets a page of `origin` read the reply.
    func allow(_ origin: String, in fields: inout HTTPFields) {
        fields.append(HTTPField(name: .vary, value: "Origin"))
        guard allows(origin) else { return }
        appendOrigin(origin, to: &fields)
        var exposed = settings.exposeHeaders
        // With credentials a browser takes `*` for a name, so the names are spelled out.
        if exposed.contains("*") {
            exposed = fields.filter { !Self.isReadableAnyway($0.name) }.map(\.name.canonicalName) + ["x-request-id"]
        }
        if !exposed.isEmpty {
            fields.append(HTTPField(name: .accessControlExposeHeaders, value: exposed.joined(separator: ", ")))
        }
    }

    /// The fields of the answer to a preflight. Where everything is allowed it names what was asked for.
    func preflight(_ request: HTTPRequest) -> HTTPFields {
        var fields = HTTPFields()
        fields.append(
            HTTPField(name: .vary, value: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"))
        guard let origin = request.headerFields[.origin], allows(origin) else { return fields }
        appendOrigin(origin, to: &fields)
        if let methods = names(settings.allowMethods, asked: request.headerFields[.accessControlRequestMethod]) {
            fields.append(HTTPField(name: .accessControlAllowMethods, value: methods))
        }
        if let headers = names(settings.allowHeaders, asked: request.headerFields[.accessControlRequestHeaders]) {
            fields.append(HTTPField(name: .accessControlAllowHeaders, value: headers))
        }
        fields.append(HTTPField(name: .accessControlMaxAge, value: String(settings.maxAge)))
        return fields
    }

    private func allows(_ origin: String) -> Bool {
        settings.isEnabled && (origins?.contains(origin.lowercased()) ?? true)
    }

    private func names(_ allowed: [String], asked: String?) -> String? {
        if allowed.contains("*") { return asked }
        return allowed.isEmpty ? nil : allowed.joined(separator: ", ")
    }

    private func appendOrigin(_ origin: String, to fields: inout HTTPFields) {
        fields.append(HTTPField(name: .accessControlAllowOrigin, value: origin))
        if settings.allowsCredentials {
            fields.append(HTTPField(name: .accessControlAllowCredentials, value: "true"))
        }
    }

    /// The names that every page may read, and those of the protocol itself.
    private static func isReadableAnyway(_ name: HTTPField.Name) -> Bool {
        switch name {
        case .cacheControl, .contentLanguage, .contentLength, .contentType, .expires, .lastModified, .vary, .setCookie:
            true
        default: name.canonicalName.hasPrefix("access-control-")
        }
    }
}
