import Configuration
import Domain
import Yams

/// The YAML file, read with the line of every key, so that a complaint can name it.
struct ConfigurationFile {
    private(set) var layer = SettingLayer(name: "file")
    private(set) var plans: [Plan] = Plan.standardPlans
    /// The line of `billing.plans`, when the file has it.
    private(set) var plansPlace: String?
    private var complaints: [ConfigurationComplaint] = []
    private let name: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - name: how complaints call the file.
    ///   - environment: what `${NAME}` in a value stands for.
    init(
        text: String, name: String, environment: [String: String], complaints: inout [ConfigurationComplaint]
    ) {
        self.name = name
        self.environment = environment
        do {
            if let root = try Yams.compose(yaml: text), !Self.isNull(root) { read(root) }
        } catch let error as YamlError {
            self.complaints.append(Self.complaint(error, file: name))
        } catch {
            self.complaints.append(ConfigurationComplaint(name, "", "cannot be read: \(error)"))
        }
        complaints += self.complaints
    }

    private static func complaint(_ error: YamlError, file: String) -> ConfigurationComplaint {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ConfigurationComplaint("\(file):\(mark.line)", "", "is not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            ConfigurationComplaint(
                "\(file):\(context.mark.line)", "",
                "has a key twice: \(duplicates.joined(separator: ", "))")
        default:
            ConfigurationComplaint(file, "", "is not valid YAML")
        }
    }

    private static func isNull(_ node: Node) -> Bool { node.tag == Tag(.null) }

    private mutating func complain(_ node: Node, _ path: String, _ message: String) {
        let place = node.mark.map { "\(name):\($0.line)" } ?? name
        complaints.append(ConfigurationComplaint(place, path, message))
    }

    private mutating func read(_ root: Node) {
        guard case .mapping = root else {
            complain(root, "", "must hold a mapping of keys to values")
            return
        }
        readSection(root, path: "")
    }

    /// Walks a mapping; a key is a section when some known key lies below it.
    private mutating func readSection(_ section: Node, path: String) {
        guard case .mapping(let mapping) = section else {
            complain(section, path, "is a section: it must hold a mapping of keys to values")
            return
        }
        for (keyNode, value) in mapping {
            guard let word = keyNode.string else {
                complain(keyNode, path, "has a key that is no text")
                continue
            }
            let full = path.isEmpty ? word : "\(path).\(word)"
            if full == "billing" {
                readBilling(value)
            } else if let key = SettingKey.named(full) {
                readValue(value, key, at: keyNode)
            } else if SettingKey.all.contains(where: { $0.path.hasPrefix(full + ".") }) {
                if !Self.isNull(value) { readSection(value, path: full) }
            } else {
                complain(keyNode, full, "is not a known key\(hint(for: full))")
            }
        }
    }

    private func hint(for path: String) -> String {
        let keys = SettingKey.all.map(\.path)
        let sections = keys.compactMap { $0.split(separator: ".").first.map(String.init) } + ["billing"]
        return NearestName.hint(for: path, among: keys + sections)
    }

    private mutating func readValue(_ node: Node, _ key: SettingKey, at keyNode: Node) {
        if Self.isNull(node) { return }
        let place = keyNode.mark.map { "\(name):\($0.line)" } ?? name
        switch (key.kind, node) {
        case (.list, .sequence(let items)):
            var texts: [String] = []
            for item in items {
                if let text = expanded(item, key.path) { texts.append(text) }
            }
            layer.set(key, .stringArray(texts), place: place)
        case (.text, .scalar), (.path, .scalar):
            // `token: 1234` would silently become a number elsewhere; a text that looks like one needs quotes.
            guard node.tag == Tag(.str) else {
                complain(node, key.path, "must be \(key.expectation); put it in quotes")
                return
            }
            fallthrough
        case (_, .scalar):
            guard let text = expanded(node, key.path) else { return }
            guard let value = key.value(of: text), Self.fits(node, key.kind) else {
                let shown = key.isSecret ? "" : ", is \"\(text)\""
                complain(node, key.path, "must be \(key.expectation)\(shown)")
                return
            }
            layer.set(key, value, place: place)
        default:
            complain(node, key.path, "must be \(key.expectation)")
        }
    }

    /// Whether YAML itself takes a scalar for a value of the kind: `"8080"` in quotes is a text, not a number.
    private static func fits(_ node: Node, _ kind: SettingKey.Kind) -> Bool {
        if node.string?.hasPrefix("${") == true { return true }
        return switch kind {
        case .boolean: node.tag == Tag(.bool)
        case .integer: node.tag == Tag(.int)
        default: true
        }
    }

    /// The scalar's text; `${NAME}` stands for that environment variable.
    private mutating func expanded(_ node: Node, _ path: String) -> String? {
        guard case .scalar(let scalar) = node else {
            complain(node, path, "must be a text")
            return nil
        }
        let text = scalar.string
        guard text.hasPrefix("${"), text.hasSuffix("}") else { return text }
        let variable = String(text.dropFirst(2).dropLast())
        guard let value = environment[variable] else {
            complain(node, path, "names the environment variable \(variable), which is not set")
            return nil
        }
        return value
    }
}

// MARK: - Plans

extension ConfigurationFile {
    private mutating func readBilling(_ node: Node) {
        readMembers(node, path: "billing", known: ["plans", "stripe"]) { file, word, value in
            if word == "plans" {
                file.readPlans(value)
            } else {
                file.complain(
                    value, "billing.stripe", "needs a build with the Stripe driver; this one takes no payments")
            }
        }
    }

    private mutating func readMembers(
        _ node: Node, path: String, known: [String],
        _ body: (inout ConfigurationFile, String, Node) -> Void
    ) {
        if Self.isNull(node) { return }
        guard case .mapping(let mapping) = node else {
            complain(node, path, "must be a mapping of keys to values")
            return
        }
        for (keyNode, value) in mapping {
            let word = keyNode.string ?? ""
            if known.contains(word) {
                body(&self, word, value)
            } else {
                complain(keyNode, "\(path).\(word)", "is not a known key\(NearestName.hint(for: word, among: known))")
            }
        }
    }

    /// A plan's missing parts are those of the standard plan of that name, or of `free` for a name of your own.
    private mutating func readPlans(_ node: Node) {
        if Self.isNull(node) { return }
        guard case .mapping(let mapping) = node else {
            complain(node, "billing.plans", "must be a mapping of plan names to plans")
            return
        }
        plansPlace = node.mark.map { "\(name):\($0.line)" }
        for (keyNode, value) in mapping {
            guard let plan = keyNode.string, Slug(plan) != nil else {
                complain(keyNode, "billing.plans", "has a plan whose name is not of letters a-z, digits and hyphens")
                continue
            }
            readPlan(value, plan)
        }
    }

    private mutating func readPlan(_ node: Node, _ planName: String) {
        let path = "billing.plans.\(planName)"
        let base = Plan.standardPlans.first { $0.name == planName }
        var plan =
            base
            ?? Plan(
                name: planName, quotas: Plan.free.quotas, permissions: Plan.free.permissions, price: Plan.free.price)
        let known = [
            "price_id", "base_price", "usage_based", "usage_items", "quotas", "permissions", "retention", "enforcement",
        ]
        readMembers(node, path: path, known: known) { file, word, value in
            switch word {
            case "base_price":
                plan.price.baseCents = file.cents(value, "\(path).base_price")
            case "usage_based":
                if let flag = value.bool {
                    plan.price.isUsageBased = flag
                } else {
                    file.complain(value, "\(path).usage_based", "must be true or false")
                }
            case "enforcement":
                if let enforcement = value.string.flatMap({ Enforcement(rawValue: $0) }) {
                    plan.enforcement = enforcement
                } else {
                    file.complain(value, "\(path).enforcement", "must be \"enforce\" or \"report\"")
                }
            case "quotas":
                file.readMembers(value, path: "\(path).quotas", known: QuotaKey.allCases.map(\.rawValue)) {
                    file, word, value in
                    guard let number = value.int, let limit = QuotaLimit(wireValue: number) else {
                        file.complain(
                            value, "\(path).quotas.\(word)", "must be an integer of at least 0, or -1 for unlimited")
                        return
                    }
                    if let key = QuotaKey(rawValue: word) { plan.quotas[key] = limit }
                }
            case "permissions":
                file.readMembers(value, path: "\(path).permissions", known: PermissionKey.allCases.map(\.rawValue)) {
                    file, word, value in
                    guard let flag = value.bool else {
                        file.complain(value, "\(path).permissions.\(word)", "must be true or false")
                        return
                    }
                    if let key = PermissionKey(rawValue: word) { plan.permissions[key] = flag }
                }
            case "retention":
                file.readRetention(value, "\(path).retention", &plan.usageRetention)
            case "usage_items":
                file.checkUsageItems(value, "\(path).usage_items")
            default:
                if !Self.isNull(value), value.string == nil {
                    file.complain(value, "\(path).\(word)", "must be a text or null")
                }
            }
        }
        if let index = plans.firstIndex(where: { $0.name == planName }) {
            plans[index] = plan
        } else {
            plans.append(plan)
        }
    }

    /// How many days a plan keeps usage by the minute, by the hour and by the day.
    private mutating func readRetention(_ node: Node, _ path: String, _ retention: inout UsageRetention) {
        let fields: [String: WritableKeyPath<UsageRetention, Int>] = [
            "minutes": \.minutes, "hours": \.hours, "days": \.days,
        ]
        readMembers(node, path: path, known: ["minutes", "hours", "days"]) { file, word, value in
            guard let days = value.int, (1...3660).contains(days), let field = fields[word] else {
                file.complain(value, "\(path).\(word)", "must be a number of days, 1 to 3660")
                return
            }
            retention[keyPath: field] = days
        }
    }

    /// An amount such as 49.00 in cents; null is a price by contract.
    private mutating func cents(_ node: Node, _ path: String) -> Int? {
        if Self.isNull(node) { return nil }
        guard let amount = node.float, amount >= 0, amount < 1e9 else {
            complain(node, path, "must be an amount such as 49.00, or null when agreed by contract")
            return nil
        }
        return Int((amount * 100).rounded())
    }

    private mutating func checkUsageItems(_ node: Node, _ path: String) {
        guard case .sequence(let items) = node else {
            complain(node, path, "must be a list")
            return
        }
        for (index, item) in items.enumerated() {
            readMembers(item, path: "\(path)[\(index)]", known: ["name", "price_id", "unit", "price"]) {
                file, word, value in
                let isRight = word == "price" ? value.float != nil : Self.isNull(value) || value.string != nil
                if !isRight {
                    file.complain(
                        value, "\(path)[\(index)].\(word)", word == "price" ? "must be a number" : "must be a text")
                }
            }
        }
    }
}
