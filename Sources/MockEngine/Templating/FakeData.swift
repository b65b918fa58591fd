import Domain

/// The kinds of made-up data. Raw values are what `fake` takes.
///
/// Nothing here can reach a real person: domains, telephone numbers and addresses come from the ranges that are reserved
/// for documentation (RFC 2606, RFC 5737, RFC 3849, 555-01xx).
enum FakeKind: String, Sendable, CaseIterable {
    case firstName = "name.first_name"
    case lastName = "name.last_name"
    case fullName = "name.full_name"
    case namePrefix = "name.prefix"
    case jobTitle = "name.job_title"
    case email = "internet.email"
    case userName = "internet.user_name"
    case password = "internet.password"
    case domain = "internet.domain"
    case url = "internet.url"
    case slug = "internet.slug"
    case ipv4 = "internet.ipv4"
    case ipv6 = "internet.ipv6"
    case mac = "internet.mac"
    case userAgent = "internet.user_agent"
    case street = "address.street"
    case city = "address.city"
    case state = "address.state"
    case stateCode = "address.state_code"
    case zipCode = "address.zip_code"
    case country = "address.country"
    case countryCode = "address.country_code"
    case fullAddress = "address.full"
    case latitude = "address.latitude"
    case longitude = "address.longitude"
    case timeZone = "address.time_zone"
    case phoneNumber = "phone.number"
    case phoneE164 = "phone.e164"
    case companyName = "company.name"
    case companySuffix = "company.suffix"
    case catchPhrase = "company.catch_phrase"
    case industry = "company.industry"
    case department = "company.department"
    case product = "commerce.product"
    case price = "commerce.price"
    case category = "commerce.category"
    case material = "commerce.material"
    case sku = "commerce.sku"
    case barcode = "commerce.barcode"
    case color = "color.name"
    case colorHex = "color.hex"
    case word = "lorem.word"
    case words = "lorem.words"
    case sentence = "lorem.sentence"
    case paragraph = "lorem.paragraph"
    case pastDate = "date.past"
    case futureDate = "date.future"
    case recentDate = "date.recent"
    case birthDate = "date.birthdate"
    case month = "date.month"
    case weekday = "date.weekday"
    case currencyCode = "finance.currency_code"
    case currencyName = "finance.currency_name"
    case amount = "finance.amount"
    case account = "finance.account"
    case iban = "finance.iban"
    case bic = "finance.bic"
    case creditCard = "finance.credit_card"
    case fileName = "file.name"
    case mimeType = "file.mime_type"

    /// `person.…` is another spelling of `name.…`.
    init?(name: String) {
        self.init(rawValue: name.hasPrefix("person.") ? "name." + name.dropFirst(7) : name)
    }

    /// Typed, it is a JSON number.
    var isNumber: Bool {
        switch self {
        case .price, .amount, .latitude, .longitude: true
        default: false
        }
    }

    /// Appends a value of this kind.
    func write(now: Timestamp, _ random: inout TemplateRandom, to bytes: inout [UInt8]) {
        var writer = FakeWriter(now: now, random: random, bytes: bytes)
        bytes = []
        writer.write(self)
        random = writer.random
        bytes = writer.bytes
    }
}

private struct FakeWriter {
    let now: Timestamp
    var random: TemplateRandom
    var bytes: [UInt8]

    mutating func write(_ kind: FakeKind) {
        switch kind {
        case .firstName: pick(FakeWords.firstNames)
        case .lastName: pick(FakeWords.lastNames)
        case .fullName: sequence(" ", .firstName, .lastName)
        case .namePrefix: pick(FakeWords.prefixes)
        case .jobTitle:
            pick(FakeWords.jobLevels)
            text(" ")
            pick(FakeWords.jobs)
        case .email, .userName, .password, .domain, .url, .slug, .ipv4, .ipv6, .mac, .userAgent: writeInternet(kind)
        case .street, .city, .state, .stateCode, .zipCode, .country, .countryCode, .fullAddress, .latitude, .longitude,
            .timeZone:
            writeAddress(kind)
        case .phoneNumber:
            text("(")
            digits("2##")
            text(") 555-01")
            digits("##")
        case .phoneE164:
            text("+1")
            digits("2##55501##")
        case .companyName, .companySuffix, .catchPhrase, .industry, .department, .product, .price, .category, .material,
            .sku, .barcode:
            writeBusiness(kind)
        case .color: pick(FakeWords.colors)
        case .colorHex:
            text("#")
            hexadecimal(6)
        case .word: pick(FakeWords.lorem)
        case .words: words(3, " ")
        case .sentence: sentence()
        case .paragraph:
            for index in 0..<4 {
                if index > 0 { text(" ") }
                sentence()
            }
        case .pastDate: moment(-365 * 86_400, -86_400)
        case .futureDate: moment(86_400, 365 * 86_400)
        case .recentDate: moment(-86_400, -1)
        case .birthDate:
            let days = Int64(random.next(in: 18 * 366...80 * 365))
            let time = Timestamp(seconds: now.seconds - days * 86_400).calendarTime
            bytes.append(number: time.year, width: 4)
            text("-")
            bytes.append(number: time.month, width: 2)
            text("-")
            bytes.append(number: time.day, width: 2)
        case .month: pick(TimeFormat.months)
        case .weekday: pick(TimeFormat.weekdays)
        case .currencyCode, .currencyName, .amount, .account, .iban, .bic, .creditCard: writeFinance(kind)
        case .fileName:
            pick(FakeWords.lorem)
            text("_")
            pick(FakeWords.lorem)
            pick(FakeWords.fileEndings)
        case .mimeType: pick(FakeWords.mimeTypes)
        }
    }

    private mutating func writeInternet(_ kind: FakeKind) {
        switch kind {
        case .email:
            write(.userName)
            text("@")
            pick(FakeWords.domains)
        case .userName:
            lowercase(FakeWords.firstNames)
            text(".")
            lowercase(FakeWords.lastNames)
            digits("##")
        case .password:
            for _ in 0..<16 {
                let letters: StaticString = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!%+-?*"
                bytes.append(letters.utf8Start[random.next(below: letters.utf8CodeUnitCount)])
            }
        case .domain:
            pick(FakeWords.lorem)
            text(".")
            pick(FakeWords.domains)
        case .url:
            text("https://")
            write(.domain)
            text("/")
            pick(FakeWords.lorem)
        case .slug: words(3, "-")
        case .ipv4:
            pick(FakeWords.documentationNetworks)
            bytes.append(number: random.next(in: 1...254), width: 1)
        case .ipv6:
            text("2001:db8")
            for _ in 0..<6 {
                text(":")
                bytes.append(hexadecimal: UInt64(random.next(in: 0x1000...0xFFFF)), digits: 4)
            }
        case .mac:
            text("02")
            for _ in 0..<5 {
                text(":")
                hexadecimal(2)
            }
        default: pick(FakeWords.userAgents)
        }
    }

    private mutating func writeAddress(_ kind: FakeKind) {
        switch kind {
        case .street:
            bytes.append(number: random.next(in: 1...9999), width: 1)
            text(" ")
            pick(FakeWords.streets)
            text(" ")
            pick(FakeWords.streetKinds)
        case .city: pick(FakeWords.cities)
        case .state: text(FakeWords.states[random.next(below: FakeWords.states.count)].name)
        case .stateCode: text(FakeWords.states[random.next(below: FakeWords.states.count)].code)
        case .zipCode: digits("#####")
        case .country: text(FakeWords.countries[random.next(below: FakeWords.countries.count)].name)
        case .countryCode: text(FakeWords.countries[random.next(below: FakeWords.countries.count)].code)
        case .fullAddress:
            sequence(", ", .street, .city, .stateCode)
            text(" ")
            write(.zipCode)
        case .latitude: coordinate(90)
        case .longitude: coordinate(180)
        default: pick(FakeWords.timeZones)
        }
    }

    private mutating func writeBusiness(_ kind: FakeKind) {
        switch kind {
        case .companyName: sequence(" ", .lastName, .companySuffix)
        case .companySuffix: pick(FakeWords.companySuffixes)
        case .catchPhrase:
            pick(FakeWords.catchAdjectives)
            text(" ")
            pick(FakeWords.catchNouns)
        case .industry: pick(FakeWords.industries)
        case .department: pick(FakeWords.departments)
        case .product:
            pick(FakeWords.productAdjectives)
            text(" ")
            pick(FakeWords.materials)
            text(" ")
            pick(FakeWords.products)
        case .price: decimal(random.next(in: 1...999))
        case .category: pick(FakeWords.categories)
        case .material: pick(FakeWords.materials)
        case .sku:
            letters(3)
            text("-")
            digits("#####")
        default:
            // EAN-13: the last digit makes the weighted sum a multiple of ten.
            let start = bytes.count
            digits("2###########")
            let sum = bytes[start...].enumerated().reduce(0) {
                $0 + Int($1.element - 48) * ($1.offset % 2 == 0 ? 1 : 3)
            }
            bytes.append(UInt8(ascii: "0") + UInt8((10 - sum % 10) % 10))
        }
    }

    private mutating func writeFinance(_ kind: FakeKind) {
        switch kind {
        case .currencyCode: text(FakeWords.currencies[random.next(below: FakeWords.currencies.count)].code)
        case .currencyName: text(FakeWords.currencies[random.next(below: FakeWords.currencies.count)].name)
        case .amount: decimal(random.next(in: 1...9999))
        case .account: digits("##########")
        case .iban: iban()
        case .bic:
            letters(4)
            text("DE")
            letters(2)
        default:
            // Luhn: from the right, every second digit counts double.
            let start = bytes.count
            digits("411111#########")
            let sum = bytes[start...].enumerated().reduce(0) { sum, digit in
                let value = Int(digit.element - 48) * (digit.offset % 2 == 0 ? 2 : 1)
                return sum + value / 10 + value % 10
            }
            bytes.append(UInt8(ascii: "0") + UInt8((10 - sum % 10) % 10))
        }
    }

    /// A German IBAN (ISO 13616): the check digits make the number with `DE` as 1314 leave 1 modulo 97.
    private mutating func iban() {
        text("DE")
        let check = bytes.count
        digits("##################")
        var remainder = 0
        for digit in bytes[check...] { remainder = (remainder * 10 + Int(digit - 48)) % 97 }
        for digit in [1, 3, 1, 4, 0, 0] { remainder = (remainder * 10 + digit) % 97 }
        var digits: [UInt8] = []
        digits.append(number: 98 - remainder, width: 2)
        bytes.insert(contentsOf: digits, at: check)
    }

    // MARK: Parts

    private mutating func text(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func pick(_ words: [String]) { bytes.append(contentsOf: random.pick(words).utf8) }

    private mutating func lowercase(_ words: [String]) {
        var word = random.pick(words)
        word.withUTF8 { letters in
            for byte in letters where (byte | 0x20) >= 97 && (byte | 0x20) <= 122 { bytes.append(byte | 0x20) }
        }
    }

    private mutating func sequence(_ separator: String, _ kinds: FakeKind...) {
        for (index, kind) in kinds.enumerated() {
            if index > 0 { text(separator) }
            write(kind)
        }
    }

    /// `#` is a digit; others stay.
    private mutating func digits(_ pattern: StaticString) {
        pattern.withUTF8Buffer { buffer in
            for byte in buffer {
                bytes.append(byte == UInt8(ascii: "#") ? UInt8(ascii: "0") + UInt8(random.next(below: 10)) : byte)
            }
        }
    }

    private mutating func letters(_ count: Int) {
        for _ in 0..<count { bytes.append(UInt8(ascii: "A") + UInt8(random.next(below: 26))) }
    }

    private mutating func hexadecimal(_ count: Int) { bytes.append(hexadecimal: random.next(), digits: count) }

    /// A number with two decimals that are not a multiple of ten cents, so that it reads the same as a JSON number.
    private mutating func decimal(_ whole: Int) {
        bytes.append(number: whole, width: 1)
        text(".")
        bytes.append(number: random.next(in: 0...9), width: 1)
        bytes.append(number: random.next(in: 1...9), width: 1)
    }

    private mutating func coordinate(_ bound: Int) {
        if random.next(below: 2) == 0 { text("-") }
        bytes.append(number: random.next(below: bound), width: 1)
        text(".")
        bytes.append(number: random.next(in: 0...99_999), width: 5)
        bytes.append(number: random.next(in: 1...9), width: 1)
    }

    private mutating func words(_ count: Int, _ separator: String) {
        for index in 0..<count {
            if index > 0 { text(separator) }
            pick(FakeWords.lorem)
        }
    }

    private mutating func sentence() {
        let start = bytes.count
        words(random.next(in: 5...10), " ")
        bytes[start] &= 0xDF
        text(".")
    }

    private mutating func moment(_ from: Int, _ to: Int) {
        let moment = Timestamp(seconds: now.seconds + Int64(random.next(in: from...to)))
        TimeFormat.rfc3339.write(moment, to: &bytes)
    }
}

/// Plain English words, none of which needs an escape in JSON.
private enum FakeWords {
    static let firstNames = [
        "Ada", "Amir", "Anna", "Ben", "Bianca", "Carlos", "Chloe", "Clara", "Daniel", "Diana", "Elena", "Eli", "Emma",
        "Felix", "Fiona", "George", "Grace", "Hannah", "Hugo", "Ines", "Isaac", "Ivy", "Jack", "James", "Julia",
        "Karim",
        "Kate", "Laura", "Leo", "Lily", "Louis", "Lucy", "Maria", "Martin", "Maya", "Mia", "Nadia", "Noah", "Nora",
        "Oliver", "Omar", "Oscar", "Paula", "Peter", "Priya", "Rosa", "Ruth", "Samuel", "Sara", "Simon", "Sofia",
        "Theo",
        "Thomas", "Uma", "Victor", "Wei", "William", "Yara", "Yusuf", "Zoe",
    ]
    static let lastNames = [
        "Adams", "Ahmed", "Andersen", "Baker", "Becker", "Bennett", "Brown", "Carter", "Chen", "Clark", "Collins",
        "Costa",
        "Cruz", "Davies", "Dubois", "Evans", "Fischer", "Foster", "Garcia", "Gray", "Green", "Hall", "Harris", "Hill",
        "Hughes", "Ivanov", "Jackson", "Jensen", "Jones", "Kaur", "Kelly", "Khan", "King", "Kowalski", "Lee", "Lewis",
        "Lopez", "Martin", "Mills", "Moore", "Morgan", "Murphy", "Nguyen", "Novak", "Okafor", "Parker", "Patel",
        "Perez",
        "Price", "Reed", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Smith", "Taylor", "Turner", "Walker", "Young",
    ]
    static let prefixes = ["Mr.", "Mrs.", "Ms.", "Mx.", "Dr.", "Prof."]
    static let jobLevels = ["Junior", "Senior", "Lead", "Principal", "Chief", "Regional", "Assistant", "Staff"]
    static let jobs = [
        "Accountant", "Analyst", "Architect", "Buyer", "Chemist", "Designer", "Developer", "Editor", "Engineer",
        "Librarian",
        "Nurse", "Planner", "Producer", "Researcher", "Surveyor", "Teacher", "Technician", "Translator", "Writer",
    ]
    static let domains = ["example.com", "example.net", "example.org"]
    static let documentationNetworks = ["192.0.2.", "198.51.100.", "203.0.113."]
    static let userAgents = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Firefox/128.0",
        "ExampleBot/1.0 (+https://example.com/bot)",
    ]
    static let streets = [
        "Abbey", "Bridge", "Castle", "Cedar", "Chapel", "Cherry", "Church", "Elm", "Forest", "Garden", "Harbour",
        "Hill",
        "Lake", "Maple", "Market", "Meadow", "Mill", "Oak", "Orchard", "Park", "Pine", "River", "School", "Spring",
        "Station", "Sunset", "Valley", "Victoria", "Water", "Willow",
    ]
    static let streetKinds = ["Street", "Road", "Avenue", "Lane", "Drive", "Court", "Place", "Way"]
    static let cities = [
        "Ashford", "Bayview", "Brookfield", "Cedarville", "Clearwater", "Eastport", "Fairview", "Glenwood",
        "Greenville",
        "Hillcrest", "Kingsbridge", "Lakewood", "Maplewood", "Milton", "Newhaven", "Northfield", "Oakdale", "Pinehurst",
        "Ridgewood", "Riverside", "Salem", "Springfield", "Stonebridge", "Summerville", "Westbrook", "Woodstock",
    ]
    static let states: [(name: String, code: String)] = [
        ("Alabama", "AL"), ("Alaska", "AK"), ("Arizona", "AZ"), ("California", "CA"), ("Colorado", "CO"),
        ("Florida", "FL"), ("Georgia", "GA"), ("Hawaii", "HI"), ("Idaho", "ID"), ("Illinois", "IL"), ("Iowa", "IA"),
        ("Kansas", "KS"), ("Maine", "ME"), ("Michigan", "MI"), ("Montana", "MT"), ("Nevada", "NV"), ("New York", "NY"),
        ("Ohio", "OH"), ("Oregon", "OR"), ("Texas", "TX"), ("Utah", "UT"), ("Vermont", "VT"), ("Virginia", "VA"),
        ("Washington", "WA"), ("Wyoming", "WY"),
    ]
    static let countries: [(name: String, code: String)] = [
        ("Argentina", "AR"), ("Australia", "AU"), ("Austria", "AT"), ("Belgium", "BE"), ("Brazil", "BR"),
        ("Canada", "CA"), ("Chile", "CL"), ("Denmark", "DK"), ("Egypt", "EG"), ("Finland", "FI"), ("France", "FR"),
        ("Germany", "DE"), ("Greece", "GR"), ("India", "IN"), ("Ireland", "IE"), ("Italy", "IT"), ("Japan", "JP"),
        ("Kenya", "KE"), ("Mexico", "MX"), ("Morocco", "MA"), ("Netherlands", "NL"), ("New Zealand", "NZ"),
        ("Nigeria", "NG"), ("Norway", "NO"), ("Poland", "PL"), ("Portugal", "PT"), ("Spain", "ES"), ("Sweden", "SE"),
        ("Switzerland", "CH"), ("Vietnam", "VN"),
    ]
    static let timeZones = [
        "Africa/Cairo", "Africa/Lagos", "America/Chicago", "America/Denver", "America/New_York", "America/Sao_Paulo",
        "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Europe/Berlin", "Europe/London",
        "Europe/Madrid", "Europe/Paris", "Pacific/Auckland",
    ]
    static let companySuffixes = ["Ltd", "LLC", "Inc", "Group", "Partners", "and Sons", "Holdings", "Works"]
    static let catchAdjectives = [
        "Adaptive", "Balanced", "Compatible", "Distributed", "Ergonomic", "Focused", "Integrated", "Open", "Portable",
        "Reliable", "Scalable", "Streamlined", "Universal", "Versatile",
    ]
    static let catchNouns = [
        "alliance", "analysis", "architecture", "capacity", "forecast", "framework", "interface", "knowledge base",
        "middleware", "moderator", "pricing model", "protocol", "service desk", "workflow",
    ]
    static let industries = [
        "Agriculture", "Banking", "Construction", "Education", "Energy", "Fashion", "Healthcare", "Hospitality",
        "Insurance", "Logistics", "Manufacturing", "Media", "Retail", "Software", "Telecommunications", "Tourism",
    ]
    static let departments = [
        "Accounting", "Customer Service", "Engineering", "Facilities", "Human Resources", "Legal", "Marketing",
        "Operations", "Procurement", "Research", "Sales", "Security",
    ]
    static let productAdjectives = [
        "Classic", "Compact", "Elegant", "Handmade", "Light", "Modern", "Practical", "Refined", "Rustic", "Simple",
        "Smart", "Sturdy",
    ]
    static let materials = [
        "Bamboo", "Ceramic", "Copper", "Cotton", "Glass", "Granite", "Leather", "Linen", "Marble", "Oak", "Paper",
        "Rubber", "Silk", "Steel", "Wool",
    ]
    static let products = [
        "Backpack", "Bench", "Bottle", "Bowl", "Chair", "Clock", "Gloves", "Hat", "Keyboard", "Knife", "Lamp", "Mirror",
        "Mug", "Notebook", "Pillow", "Shirt", "Shoes", "Table", "Towel", "Wallet",
    ]
    static let categories = [
        "Automotive", "Baby", "Beauty", "Books", "Clothing", "Electronics", "Games", "Garden", "Grocery", "Health",
        "Home",
        "Jewelry", "Kitchen", "Music", "Outdoors", "Sports", "Tools", "Toys",
    ]
    static let colors = [
        "amber", "azure", "black", "blue", "bronze", "coral", "crimson", "gold", "green", "indigo", "ivory", "lime",
        "magenta", "maroon", "mint", "navy", "olive", "orange", "pink", "plum", "purple", "red", "silver", "teal",
        "turquoise", "violet", "white", "yellow",
    ]
    static let lorem = [
        "ad", "aliqua", "amet", "anim", "aute", "cillum", "commodo", "consequat", "culpa", "cupidatat", "deserunt",
        "do",
        "dolor", "dolore", "duis", "ea", "eiusmod", "elit", "enim", "esse", "est", "et", "eu", "ex", "excepteur",
        "exercitation", "fugiat", "id", "in", "incididunt", "ipsum", "irure", "labore", "laboris", "laborum", "lorem",
        "magna", "minim", "mollit", "nisi", "non", "nostrud", "nulla", "occaecat", "officia", "pariatur", "proident",
        "qui", "quis", "reprehenderit", "sed", "sint", "sit", "sunt", "tempor", "ullamco", "ut", "velit", "veniam",
        "voluptate",
    ]
    static let currencies: [(code: String, name: String)] = [
        ("AUD", "Australian Dollar"), ("BRL", "Brazilian Real"), ("CAD", "Canadian Dollar"), ("CHF", "Swiss Franc"),
        ("CNY", "Yuan Renminbi"), ("CZK", "Czech Koruna"), ("DKK", "Danish Krone"), ("EUR", "Euro"),
        ("GBP", "Pound Sterling"), ("INR", "Indian Rupee"), ("JPY", "Yen"), ("KRW", "Won"), ("MXN", "Mexican Peso"),
        ("NOK", "Norwegian Krone"), ("NZD", "New Zealand Dollar"), ("PLN", "Zloty"), ("SEK", "Swedish Krona"),
        ("SGD", "Singapore Dollar"), ("USD", "US Dollar"), ("ZAR", "Rand"),
    ]
    static let fileEndings = [".csv", ".docx", ".jpg", ".json", ".mp3", ".pdf", ".png", ".txt", ".xml", ".zip"]
    static let mimeTypes = [
        "application/json", "application/pdf", "application/xml", "application/zip", "audio/mpeg", "image/jpeg",
        "image/png", "image/svg+xml", "text/csv", "text/html", "text/plain", "video/mp4",
    ]
}
