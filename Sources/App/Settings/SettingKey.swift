import Configuration

/// One configuration key: everything about it is declared here, once.
///
/// The environment variable follows from the path: `server.port` is `MOCKFORGE_SERVER_PORT`.
struct SettingKey: Sendable {
    /// What values a key takes.
    enum Kind: Sendable, Equatable {
        case text
        case path
        case boolean
        case integer(ClosedRange<Int>)
        case choice([String])
        /// Texts; in the environment and in flags they are parted by commas.
        case list
    }

    /// Dots part the sections: `server.tls.certificate`.
    let path: String
    let kind: Kind
    /// Nil when the key has no value unless somebody gives one.
    let defaultValue: ConfigContent?
    /// The flag of `mockforge serve` that sets it, where there is one; every key can be set with `--set KEY=VALUE`.
    let flag: String?
    /// A secret is never printed.
    let isSecret: Bool
    /// One or two sentences for the documentation.
    let summary: String

    init(
        _ path: String, _ kind: Kind, default defaultValue: ConfigContent? = nil, flag: String? = nil,
        isSecret: Bool = false, _ summary: String
    ) {
        self.path = path
        self.kind = kind
        self.defaultValue = defaultValue
        self.flag = flag
        self.isSecret = isSecret
        self.summary = summary
    }

    var components: [String] { path.split(separator: ".").map(String.init) }

    var environmentName: String {
        "MOCKFORGE_" + path.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    /// What the kind is called in a sentence: "must be …".
    var expectation: String {
        switch kind {
        case .text: "a text"
        case .path: "a file path"
        case .boolean: "true or false"
        case .integer(let range):
            range.upperBound == .max
                ? "an integer of at least \(range.lowerBound)"
                : "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let names): "one of \(names.joined(separator: ", "))"
        case .list: "a list of texts"
        }
    }

    /// The value that a flag or an environment variable spells; nil when it is not of this kind.
    func value(of text: String) -> ConfigContent? {
        switch kind {
        case .text, .path:
            return text.isEmpty ? nil : .string(text)
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "1", "on": return .bool(true)
            case "false", "no", "0", "off": return .bool(false)
            default: return nil
            }
        case .integer(let range):
            guard let number = Int(text), range.contains(number) else { return nil }
            return .int(number)
        case .choice(let names):
            return names.contains(text) ? .string(text) : nil
        case .list:
            let items = text.split(separator: ",").map { item in
                String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            return .stringArray(items.filter { !$0.isEmpty })
        }
    }

    /// How `config show` and the documentation print a value.
    static func text(of content: ConfigContent) -> String {
        switch content {
        case .string(let text): text
        case .int(let number): String(number)
        case .bool(let flag): String(flag)
        case .double(let number): String(number)
        case .stringArray(let items): items.isEmpty ? "(none)" : items.joined(separator: ", ")
        default: "(binary)"
        }
    }
}
