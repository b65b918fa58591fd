import Configuration

/// The values that one source gives: flags, environment, file or defaults.
struct SettingLayer: Sendable {
    let name: String
    private(set) var values: [String: ConfigContent] = [:]
    /// For each key, where the value stands: `flag --port`, `environment MOCKFORGE_…`, `mockforge.yaml:3`, `default`.
    private(set) var places: [String: String] = [:]

    init(name: String) { self.name = name }

    mutating func set(_ key: SettingKey, _ value: ConfigContent, place: String) {
        values[key.path] = value
        places[key.path] = place
    }

    var provider: InMemoryProvider {
        var entries: [AbsoluteConfigKey: ConfigValue] = [:]
        for key in SettingKey.all {
            guard let value = values[key.path] else { continue }
            entries[AbsoluteConfigKey(key.components)] = ConfigValue(value, isSecret: key.isSecret)
        }
        return InMemoryProvider(name: name, values: entries)
    }

    static let defaults: SettingLayer = {
        var layer = SettingLayer(name: "defaults")
        for key in SettingKey.all {
            if let value = key.defaultValue { layer.set(key, value, place: "default") }
        }
        return layer
    }()

    /// Reads `MOCKFORGE_…` variables. Unknown ones only warn: an orchestrator may set some of its own, such as
    /// Kubernetes for a service named `mockforge`.
    static func environment(
        _ environment: [String: String], complaints: inout [ConfigurationComplaint], warnings: inout [String]
    ) -> SettingLayer {
        var layer = SettingLayer(name: "environment")
        let keys = Dictionary(uniqueKeysWithValues: SettingKey.all.map { ($0.environmentName, $0) })
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("MOCKFORGE_") {
            guard let key = keys[name] else {
                if !isForeign(name) {
                    let hint = NearestName.hint(for: name, among: Array(keys.keys).sorted())
                    warnings.append("environment variable \(name) is not known and has no effect\(hint)")
                }
                continue
            }
            if let value = key.value(of: text) {
                layer.set(key, value, place: "environment \(name)")
            } else {
                complaints.append(ConfigurationComplaint(name, key.path, refusal(of: text, for: key)))
            }
        }
        return layer
    }

    /// Reads flags: pairs of a flag as typed and its text, by key path.
    static func flags(
        _ flags: [(flag: String, path: String, text: String)], complaints: inout [ConfigurationComplaint]
    ) -> SettingLayer {
        var layer = SettingLayer(name: "flags")
        for (flag, path, text) in flags {
            guard let key = SettingKey.named(path) else {
                let hint = NearestName.hint(for: path, among: SettingKey.all.map(\.path))
                complaints.append(ConfigurationComplaint(flag, path, "is not a known key\(hint)"))
                continue
            }
            if let value = key.value(of: text) {
                layer.set(key, value, place: "flag \(flag)")
            } else {
                complaints.append(ConfigurationComplaint(flag, key.path, refusal(of: text, for: key)))
            }
        }
        return layer
    }

    private static func refusal(of text: String, for key: SettingKey) -> String {
        key.isSecret ? "must be \(key.expectation)" : "must be \(key.expectation), is \"\(text)\""
    }

    /// Variables that other commands and parts read, and those that Kubernetes makes for services.
    private static func isForeign(_ name: String) -> Bool {
        let others = [
            "MOCKFORGE_CONFIG", "MOCKFORGE_URL", "MOCKFORGE_TOKEN", "MOCKFORGE_PROFILE", "MOCKFORGE_PROFILES",
            "MOCKFORGE_SPECS",
        ]
        return others.contains(name) || name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
            || name.hasPrefix("MOCKFORGE_PORT")
    }
}
