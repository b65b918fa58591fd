/// The values of `format` that we check in strings. Others are hints.
enum StringFormat: String, Sendable, CaseIterable {
    case date, time, duration, email, hostname, ipv4, ipv6, uri, iri, uuid, regex, byte
    case dateTime = "date-time"
    case internationalEmail = "idn-email"
    case uriReference = "uri-reference"
    case iriReference = "iri-reference"
    case uriTemplate = "uri-template"
    case jsonPointer = "json-pointer"
    case relativeJSONPointer = "relative-json-pointer"

    func accepts(_ text: String) -> Bool {
        switch self {
        case .date: TimeFormats.isDate(text.utf8)
        case .time: TimeFormats.isTime(text.utf8)
        case .dateTime: TimeFormats.isDateTime(text.utf8)
        case .duration: TimeFormats.isDuration(text.utf8)
        case .email: NetworkFormats.isEmail(text, allowsUnicode: false)
        case .internationalEmail: NetworkFormats.isEmail(text, allowsUnicode: true)
        case .hostname: NetworkFormats.isHostname(text.utf8)
        case .ipv4: NetworkFormats.isIPv4(text.utf8)
        case .ipv6: NetworkFormats.isIPv6(text)
        case .uri: URIFormats.isURI(text, allowsUnicode: false, isAbsolute: true)
        case .uriReference: URIFormats.isURI(text, allowsUnicode: false, isAbsolute: false)
        case .iri: URIFormats.isURI(text, allowsUnicode: true, isAbsolute: true)
        case .iriReference: URIFormats.isURI(text, allowsUnicode: true, isAbsolute: false)
        case .uriTemplate: URIFormats.isTemplate(text)
        case .uuid: Self.isUUID(text.utf8)
        case .regex: (try? PatternParser.parse(text, isStrict: true)) != nil
        case .jsonPointer: Self.isJSONPointer(text.utf8[...])
        case .relativeJSONPointer: Self.isRelativeJSONPointer(text.utf8)
        case .byte: Base64.decode(text) != nil
        }
    }

    /// For the message of a violation: `a date such as 2026-01-31`.
    var expectation: String {
        switch self {
        case .date: "a date such as 2026-01-31"
        case .time: "a time with an offset such as 12:30:00Z"
        case .dateTime: "a date and time such as 2026-01-31T12:30:00Z"
        case .duration: "a duration such as P3DT12H"
        case .email, .internationalEmail: "an e-mail address such as ana@example.com"
        case .hostname: "a host name such as www.example.com"
        case .ipv4: "an IPv4 address such as 192.0.2.1"
        case .ipv6: "an IPv6 address such as 2001:db8::1"
        case .uri, .iri: "an absolute URI such as https://example.com/a"
        case .uriReference, .iriReference: "a URI or relative reference such as /a/b"
        case .uriTemplate: "a URI template such as /users/{id}"
        case .uuid: "a UUID such as 123e4567-e89b-12d3-a456-426614174000"
        case .regex: "a regular expression"
        case .jsonPointer: "a JSON pointer such as /items/0"
        case .relativeJSONPointer: "a relative JSON pointer such as 1/name"
        case .byte: "base64 text such as aGVsbG8="
        }
    }

    private static func isUUID(_ bytes: String.UTF8View) -> Bool {
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            [8, 13, 18, 23].contains(index) ? byte == UInt8(ascii: "-") : byte.isHexadecimalDigit
        }
    }

    private static func isJSONPointer(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first else { return true }
        guard first == UInt8(ascii: "/") else { return false }
        var isEscaped = false
        for byte in bytes {
            if isEscaped, byte != UInt8(ascii: "0"), byte != UInt8(ascii: "1") { return false }
            isEscaped = byte == UInt8(ascii: "~")
        }
        return !isEscaped
    }

    private static func isRelativeJSONPointer(_ bytes: String.UTF8View) -> Bool {
        let digits = bytes.prefix { $0.isDigit }
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else { return false }
        let rest = bytes.dropFirst(digits.count)
        return rest.elementsEqual("#".utf8) || isJSONPointer(rest)
    }
}

extension UInt8 {
    /// ASCII.
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    /// ASCII.
    var isLetter: Bool { (0x41...0x5A).contains(self & 0xDF) && self < 0x80 }
    /// ASCII, either case.
    var isHexadecimalDigit: Bool { isDigit || ((0x41...0x46).contains(self & 0xDF) && self < 0x80) }
}
