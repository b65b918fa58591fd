import Configuration
import Domain

/// Settings together with where each value came from.
struct LoadedSettings: Sendable {
    let settings: Settings
    /// The value and source of every key, in the order of the catalogue.
    let values: [(key: SettingKey, value: ConfigContent?, source: String)]
    let warnings: [String]
    /// The file that was read; nil when there is none.
    let file: String?

    /// Merges the four sources: flags over environment over file over defaults.
    ///
    /// - Parameters:
    ///   - flags: what was typed, with the key path that it sets.
    ///   - file: the path that `--config` or `MOCKFORGE_CONFIG` names; it must exist. Without it `mockforge.yaml` in the
    ///     current folder is read when it is there.
    ///   - read: gives a file's text, or nil when there is no such file.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    static func load(
        flags: [(flag: String, path: String, text: String)] = [], environment: [String: String], file: String? = nil,
        read: (String) throws -> String?
    ) throws(ConfigurationError) -> LoadedSettings {
        var complaints: [ConfigurationComplaint] = []
        var warnings: [String] = []
        let flagLayer = SettingLayer.flags(flags, complaints: &complaints)
        let environmentLayer = SettingLayer.environment(environment, complaints: &complaints, warnings: &warnings)

        let named = file ?? environment["MOCKFORGE_CONFIG"]
        let path = named ?? "mockforge.yaml"
        var contents: ConfigurationFile?
        do {
            if let text = try read(path) {
                contents = ConfigurationFile(
                    text: text, name: path, environment: environment, complaints: &complaints)
            } else if named != nil {
                complaints.append(ConfigurationComplaint(path, "", "no such file"))
            }
        } catch {
            complaints.append(ConfigurationComplaint(path, "", "cannot be read"))
        }
        if !complaints.isEmpty { throw ConfigurationError(complaints) }

        let layers = [flagLayer, environmentLayer] + (contents.map { [$0.layer] } ?? []) + [.defaults]
        func layer(of key: SettingKey) -> SettingLayer? { layers.first { $0.values[key.path] != nil } }
        let reader = ConfigReader(providers: layers.map(\.provider))
        let settings = try Settings(reader, plans: contents?.plans ?? Plan.standardPlans, environment: environment) {
            key in
            layer(of: key)?.places[key.path] ?? "configuration"
        }
        return LoadedSettings(
            settings: settings,
            values: SettingKey.all.map { key in
                let source = layer(of: key)
                return (key, source?.values[key.path], source?.places[key.path] ?? "not set")
            },
            warnings: warnings, file: contents == nil ? nil : path)
    }
}
