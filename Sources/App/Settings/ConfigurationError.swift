/// One thing that is wrong with the configuration.
struct ConfigurationComplaint: Sendable, Equatable, CustomStringConvertible {
    /// Where it was read: `mockforge.yaml:12`, `MOCKFORGE_SERVER_PORT`, `--port`.
    let place: String
    let key: String
    let message: String

    init(_ place: String, _ key: String, _ message: String) {
        self.place = place
        self.key = key
        self.message = message
    }

    var description: String { key.isEmpty || key == place ? "\(place): \(message)" : "\(place): \(key) \(message)" }
}

/// Everything that is wrong with the configuration; the process ends with exit code 78.
struct ConfigurationError: Error, Sendable {
    let complaints: [ConfigurationComplaint]

    init(_ complaints: [ConfigurationComplaint]) { self.complaints = complaints }

    init(key: SettingKey, place: String? = nil, _ message: String) {
        complaints = [ConfigurationComplaint(place ?? "configuration", key.path, message)]
    }
}
