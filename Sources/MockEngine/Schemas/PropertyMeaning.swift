import Domain
import JSON

/// What the name of a property says about its value, so that examples look like the real thing.
struct PropertyMeaning: Sendable {
    private enum Kind: Sendable {
        case fake(FakeKind)
        case identifier
        case moment
        case date
        case quantity
    }

    private let kind: Kind

    /// Made-up moments lie before this one. Fixed, since examples depend on nothing but the schema and the random numbers.
    private static let now = Timestamp(seconds: 1_767_225_600)

    init?(_ name: String) {
        var words: [String] = []
        var word = ""
        for scalar in name.unicodeScalars {
            let isUpper = scalar.properties.isUppercase
            if !scalar.properties.isAlphabetic || (isUpper && word.unicodeScalars.last?.properties.isLowercase == true)
            {
                if !word.isEmpty { words.append(word.lowercased()) }
                word = ""
            }
            if scalar.properties.isAlphabetic { word.unicodeScalars.append(scalar) }
        }
        if !word.isEmpty { words.append(word.lowercased()) }
        guard let last = words.last else { return nil }
        if words.count > 1, let kind = Self.kinds[words.suffix(2).joined(separator: "_")] {
            self.kind = kind
        } else if let kind = Self.kinds[last] {
            self.kind = kind
        } else {
            return nil
        }
    }

    private static let kinds: [String: Kind] = [
        "id": .identifier, "uuid": .identifier, "guid": .identifier, "sid": .identifier, "at": .moment,
        "timestamp": .moment, "created": .moment, "updated": .moment, "modified": .moment, "date": .date,
        "birthday": .fake(.birthDate), "birthdate": .fake(.birthDate), "quantity": .quantity, "count": .quantity,
        "total": .quantity, "age": .quantity, "name": .fake(.fullName), "first_name": .fake(.firstName),
        "given_name": .fake(.firstName), "last_name": .fake(.lastName), "family_name": .fake(.lastName),
        "surname": .fake(.lastName), "full_name": .fake(.fullName), "user_name": .fake(.userName),
        "username": .fake(.userName), "login": .fake(.userName), "company_name": .fake(.companyName),
        "company": .fake(.companyName), "product_name": .fake(.product), "file_name": .fake(.fileName),
        "filename": .fake(.fileName), "email": .fake(.email), "mail": .fake(.email), "phone": .fake(.phoneE164),
        "phone_number": .fake(.phoneE164), "mobile": .fake(.phoneE164), "url": .fake(.url), "uri": .fake(.url),
        "website": .fake(.url), "link": .fake(.url), "href": .fake(.url), "slug": .fake(.slug),
        "domain": .fake(.domain),
        "street": .fake(.street), "address": .fake(.fullAddress), "city": .fake(.city), "state": .fake(.state),
        "zip": .fake(.zipCode), "zipcode": .fake(.zipCode), "zip_code": .fake(.zipCode),
        "postal_code": .fake(.zipCode), "postcode": .fake(.zipCode), "country": .fake(.country),
        "country_code": .fake(.countryCode), "latitude": .fake(.latitude), "lat": .fake(.latitude),
        "longitude": .fake(.longitude), "lng": .fake(.longitude), "lon": .fake(.longitude), "price": .fake(.price),
        "amount": .fake(.amount), "cost": .fake(.price), "currency": .fake(.currencyCode),
        "currency_code": .fake(.currencyCode), "sku": .fake(.sku), "iban": .fake(.iban), "color": .fake(.color),
        "colour": .fake(.color), "category": .fake(.category), "department": .fake(.department),
        "title": .fake(.catchPhrase), "description": .fake(.sentence), "summary": .fake(.sentence),
        "message": .fake(.sentence), "comment": .fake(.sentence), "note": .fake(.sentence), "ip": .fake(.ipv4),
        "ip_address": .fake(.ipv4), "user_agent": .fake(.userAgent), "time_zone": .fake(.timeZone),
        "timezone": .fake(.timeZone), "content_type": .fake(.mimeType), "mime_type": .fake(.mimeType),
    ]

    var hasText: Bool {
        if case .quantity = kind { false } else { true }
    }

    /// Appends a text of this meaning; nothing when it has none.
    func writeText(_ random: inout TemplateRandom, to bytes: inout [UInt8]) {
        switch kind {
        case .fake(let kind): kind.write(now: Self.now, &random, to: &bytes)
        case .identifier: Self.write(.uuid, &random, to: &bytes)
        case .moment: Self.write(.dateTime, &random, to: &bytes)
        case .date: Self.write(.date, &random, to: &bytes)
        case .quantity: break
        }
    }

    /// A text of this meaning.
    func text(_ random: inout TemplateRandom) -> String? {
        guard hasText else { return nil }
        var bytes: [UInt8] = []
        writeText(&random, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func hasNumber(isInteger: Bool) -> Bool {
        switch kind {
        case .moment, .quantity: true
        case .fake(let kind): kind.isNumber && !isInteger
        case .identifier, .date: false
        }
    }

    /// Appends a number of this meaning; nothing when it has none.
    func writeNumber(isInteger: Bool, _ random: inout TemplateRandom, to bytes: inout [UInt8]) {
        switch kind {
        case .moment: bytes.append(number: Int(Self.moment(&random).microseconds / 1_000_000), width: 1)
        case .quantity: bytes.append(number: random.next(in: 1...50), width: 1)
        case .fake(let kind) where kind.isNumber && !isInteger: kind.write(now: Self.now, &random, to: &bytes)
        case .fake, .identifier, .date: break
        }
    }

    /// A number of this meaning, if it has one.
    func number(isInteger: Bool, _ random: inout TemplateRandom) -> JSONNumber? {
        guard hasNumber(isInteger: isInteger) else { return nil }
        var bytes: [UInt8] = []
        writeNumber(isInteger: isInteger, &random, to: &bytes)
        return JSONNumber(validLiteral: String(decoding: bytes, as: UTF8.self))
    }

    /// A text in a format.
    static func text(of format: StringFormat, _ random: inout TemplateRandom) -> String {
        var bytes: [UInt8] = []
        write(format, &random, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends a text in a format.
    static func write(_ format: StringFormat, _ random: inout TemplateRandom, to bytes: inout [UInt8]) {
        func append(_ text: some StringProtocol) { bytes.append(contentsOf: text.utf8) }
        switch format {
        case .date:
            let end = bytes.count + "2026-01-31".utf8.count
            moment(&random).appendRFC3339(to: &bytes)
            bytes.removeSubrange(end...)
        case .time: append(moment(&random).rfc3339.dropFirst(11))
        case .dateTime: moment(&random).appendRFC3339(to: &bytes)
        case .duration: append("P\(random.next(in: 1...30))DT\(random.next(in: 1...12))H")
        case .email, .internationalEmail: writeFake(.email, &random, to: &bytes)
        case .hostname: writeFake(.domain, &random, to: &bytes)
        case .ipv4: writeFake(.ipv4, &random, to: &bytes)
        case .ipv6: writeFake(.ipv6, &random, to: &bytes)
        case .uri, .iri: writeFake(.url, &random, to: &bytes)
        case .uriReference, .iriReference:
            append("/")
            writeFake(.slug, &random, to: &bytes)
        case .uriTemplate:
            append("/")
            writeFake(.slug, &random, to: &bytes)
            append("/{id}")
        case .regex: append("^[a-z]{\(random.next(in: 1...9))}$")
        case .jsonPointer:
            append("/")
            writeWord(&random, to: &bytes)
            append("/\(random.next(in: 0...9))")
        case .relativeJSONPointer:
            append("\(random.next(in: 0...3))/")
            writeWord(&random, to: &bytes)
        case .byte: append(Base64.encode(Array(word(&random).utf8)))
        case .uuid: random.writeUUID(to: &bytes)
        }
    }

    static func word(_ random: inout TemplateRandom) -> String {
        var bytes: [UInt8] = []
        writeWord(&random, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func writeWord(_ random: inout TemplateRandom, to bytes: inout [UInt8]) {
        writeFake(.word, &random, to: &bytes)
    }

    /// The name for one element of an array with this name.
    static func singular(_ name: String) -> String {
        name.hasSuffix("s") && !name.hasSuffix("ss") && !name.hasSuffix("address") ? String(name.dropLast()) : name
    }

    private static func writeFake(_ kind: FakeKind, _ random: inout TemplateRandom, to bytes: inout [UInt8]) {
        kind.write(now: now, &random, to: &bytes)
    }

    /// Within two years before `now`, in whole seconds.
    private static func moment(_ random: inout TemplateRandom) -> Timestamp {
        Timestamp(seconds: now.microseconds / 1_000_000 - Int64(random.next(below: 63_072_000)))
    }
}
