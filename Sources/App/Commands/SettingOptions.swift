import ArgumentParser

/// The flags by which a server is configured, shared by `serve`, `migrate`, `doctor` and `config`.
struct SettingOptions: ParsableArguments {
    @Option(help: "The configuration file; without it mockforge.yaml in this folder, if there. Also MOCKFORGE_CONFIG.")
    var config: String?

    @Option(help: "The address to listen on.") var host: String?
    @Option(help: "The port for mock traffic and the API.") var port: String?
    @Option(help: "The port of /metrics and /health.") var managementPort: String?
    @Option(help: "The folder for data.") var dataDir: String?
    @Option(help: "The domain under which every tenant has a subdomain.") var baseDomain: String?
    @Option(help: "Where relational data lives; without it SQLite in the data folder.") var databaseURL: String?
    @Option(help: "Where nodes share state; without it this process.") var redisURL: String?
    @Option(help: "Where files live: s3://…; without it the data folder.") var storageURL: String?
    @Option(help: "How mail leaves; without it as files in the data folder.") var mailURL: String?
    @Flag(help: "Provision a demo tenant when the data folder is new.") var demo = false
    @Option(help: ArgumentHelp("Set any key of the configuration; may be repeated.", valueName: "key=value"))
    var set: [String] = []

    /// What was typed, by key path.
    var flags: [(flag: String, path: String, text: String)] {
        let named: [(SettingKey, String?)] = [
            (.serverHost, host), (.serverPort, port), (.managementPort, managementPort), (.dataFolder, dataDir),
            (.baseDomain, baseDomain), (.databaseURL, databaseURL), (.redisURL, redisURL), (.storageURL, storageURL),
            (.mailURL, mailURL), (.demoEnabled, demo ? "true" : nil),
        ]
        var result: [(flag: String, path: String, text: String)] = []
        for pair in set {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            result.append(("--set", parts[0], parts.count > 1 ? parts[1] : ""))
        }
        for (key, text) in named {
            if let text { result.append((key.flag ?? "--set", key.path, text)) }
        }
        return result
    }

    func load(environment: [String: String] = ProcessEnvironment.read()) throws(ConfigurationError) -> LoadedSettings {
        try LoadedSettings.load(flags: flags, environment: environment, file: config, read: Files.readText)
    }
}
