import ArgumentParser
import Configuration
import Domain
import Testing

@testable import App

@Suite struct SettingsTests {
    private func load(
        _ yaml: String? = nil, flags: [(flag: String, path: String, text: String)] = [],
        environment: [String: String] = [:]
    ) throws -> LoadedSettings {
        try LoadedSettings.load(flags: flags, environment: environment) { path in
            path == "mockforge.yaml" ? yaml : nil
        }
    }

    /// The complaints, one a line.
    private func complaints(
        _ yaml: String? = nil, flags: [(flag: String, path: String, text: String)] = [],
        environment: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try load(yaml, flags: flags, environment: environment)
            return []
        } catch {
            return (error as? ConfigurationError)?.complaints.map(\.description) ?? ["\(error)"]
        }
    }

    @Test func `without any source the defaults hold`() throws {
        let settings = try load().settings
        #expect(settings.host == "127.0.0.1")
        #expect(settings.port == 8080)
        #expect(settings.managementPort == 9090)
        #expect(settings.dataFolder == "./data")
        #expect(settings.baseDomain == "localhost")
        #expect(settings.plans == Plan.standardPlans)
    }

    @Test func `a flag wins over the environment, which wins over the file`() throws {
        let yaml = "server:\n  port: 1\n  host: file\nbase_domain: file.example\n"
        let loaded = try load(
            yaml, flags: [("--port", "server.port", "3")],
            environment: ["MOCKFORGE_SERVER_PORT": "2", "MOCKFORGE_SERVER_HOST": "environment"])
        #expect(loaded.settings.port == 3)
        #expect(loaded.settings.host == "environment")
        #expect(loaded.settings.baseDomain == "file.example")
    }

    @Test func `every value tells where it came from`() throws {
        let loaded = try load(
            "log:\n  level: debug\n", flags: [("--port", "server.port", "3")],
            environment: ["MOCKFORGE_SERVER_HOST": "::1"])
        let sources = Dictionary(uniqueKeysWithValues: loaded.values.map { ($0.key.path, $0.source) })
        #expect(sources["server.port"] == "flag --port")
        #expect(sources["server.host"] == "environment MOCKFORGE_SERVER_HOST")
        #expect(sources["log.level"] == "mockforge.yaml:2")
        #expect(sources["log.format"] == "default")
        #expect(sources["admin.token"] == "not set")
    }

    @Test func `an unknown key in the file is refused with its line and the likely name`() {
        #expect(
            complaints("server:\n  prot: 80\n")
                == ["mockforge.yaml:2: server.prot is not a known key; did you mean \"server.port\"?"])
    }

    @Test func `an unknown section is refused with its line`() {
        #expect(
            complaints("base_domain: a.b\nservre: {port: 1}\n")
                == ["mockforge.yaml:2: servre is not a known key; did you mean \"server\"?"])
    }

    @Test(arguments: [
        ("server:\n  port: many", "mockforge.yaml:2: server.port must be an integer from 0 to 65535, is \"many\""),
        ("server:\n  port: 70000", "mockforge.yaml:2: server.port must be an integer from 0 to 65535, is \"70000\""),
        ("server:\n  port: '80'", "mockforge.yaml:2: server.port must be an integer from 0 to 65535, is \"80\""),
        ("server:\n  host: 5", "mockforge.yaml:2: server.host must be a text; put it in quotes"),
        ("server: 5", "mockforge.yaml:1: server is a section: it must hold a mapping of keys to values"),
        ("demo:\n  enabled: 1", "mockforge.yaml:2: demo.enabled must be true or false, is \"1\""),
        (
            "log:\n  level: loud",
            "mockforge.yaml:2: log.level must be one of trace, debug, info, notice, warning, error, critical, is \"loud\""
        ),
        ("admin:\n  token: [a]", "mockforge.yaml:2: admin.token must be a text"),
        ("admin:\n  token: short", "mockforge.yaml:2: admin.token must have at least 16 characters"),
    ])
    func `an ill-typed value is refused with key, file and line`(yaml: String, complaint: String) {
        #expect(complaints(yaml) == [complaint])
    }

    @Test func `all mistakes are told at once`() {
        let found = complaints(
            "server:\n  port: x\nnonsense: 1\n", flags: [("--set", "a.b", "1")],
            environment: ["MOCKFORGE_MANAGEMENT_PORT": "y"])
        #expect(found.count == 4)
    }

    @Test func `broken YAML is refused with its line`() throws {
        let found = complaints("server:\n  port: [1\n")
        #expect(found.count == 1)
        #expect(try #require(found.first).hasPrefix("mockforge.yaml:"))
    }

    @Test func `a file that was named must exist`() throws {
        #expect(throws: ConfigurationError.self) {
            try LoadedSettings.load(environment: ["MOCKFORGE_CONFIG": "gone.yaml"]) { _ in nil }
        }
    }

    @Test func `an unknown variable warns with the likely name and stops nothing`() throws {
        let loaded = try load(environment: ["MOCKFORGE_SERVER_PROT": "1", "OTHER": "2"])
        #expect(
            loaded.warnings == [
                "environment variable MOCKFORGE_SERVER_PROT is not known and has no effect; "
                    + "did you mean \"MOCKFORGE_SERVER_PORT\"?"
            ])
    }

    @Test func `variables that Kubernetes makes for a service are passed over`() throws {
        let names = ["MOCKFORGE_SERVICE_HOST", "MOCKFORGE_PORT_8080_TCP_ADDR", "MOCKFORGE_API_SERVICE_PORT_HTTP"]
        let loaded = try load(environment: Dictionary(uniqueKeysWithValues: names.map { ($0, "x") }))
        #expect(loaded.warnings.isEmpty)
    }

    @Test(arguments: [
        ("database.url", "mysql://u:secret@h/d"), ("redis.url", "memcached://u:secret@h"),
        ("storage.url", "azure://u:secret@h"), ("mail.url", "uucp://u:secret@h"),
    ])
    func `a URL that no driver takes is refused, without the secrets in it`(key: String, url: String) throws {
        let found = complaints(flags: [("--set", key, url)])
        #expect(found.count == 1)
        let complaint = try #require(found.first)
        let scheme = url.prefix { $0 != ":" }
        #expect(complaint.contains(key))
        #expect(complaint.contains("asks for \"\(scheme)\"; write "))
        #expect(!complaint.contains("secret"))
    }

    @Test(arguments: ["database.url", "redis.url", "storage.url", "mail.url"])
    func `a URL without a scheme is refused without being repeated`(key: String) throws {
        let found = complaints(flags: [("--set", key, "hunter2")])
        #expect(found.count == 1)
        #expect(try #require(found.first).contains("has no scheme that is known here; write "))
        #expect(!(try #require(found.first).contains("hunter2")))
    }

    @Test func `without URLs every store is embedded`() throws {
        let settings = try load().settings
        #expect(settings.database == .sqlite)
        #expect(settings.sharedState == .memory)
        #expect(settings.storage == .folder)
        #expect(settings.mail == .folder)
        #expect(settings.hasLocalStore)
    }

    @Test func `a bucket's credentials may be in the environment`() throws {
        let url = ["MOCKFORGE_STORAGE_URL": "s3://bucket"]
        let credentials = ["AWS_ACCESS_KEY_ID": "access", "AWS_SECRET_ACCESS_KEY": "secret"]
        let settings = try load(environment: url.merging(credentials) { $1 }).settings
        #expect(!settings.storage.isLocal)
        // The database is still in the folder.
        #expect(settings.hasLocalStore)
        let found = complaints(environment: url)
        #expect(found.count == 1)
        #expect(try #require(found.first).contains("has no credentials"))
    }

    @Test func `a value may name an environment variable`() throws {
        let loaded = try load("admin:\n  token: ${TOKEN}\n", environment: ["TOKEN": "0123456789abcdef"])
        #expect(loaded.settings.adminToken == "0123456789abcdef")
        #expect(
            complaints("admin:\n  token: ${TOKEN}\n")
                == ["mockforge.yaml:2: admin.token names the environment variable TOKEN, which is not set"])
    }

    @Test func `a certificate without its key is refused`() {
        #expect(
            complaints("server:\n  tls:\n    certificate: a.pem\n")
                == ["mockforge.yaml:3: server.tls.certificate needs server.tls.private_key beside it"])
    }

    @Test func `secrets never show`() {
        #expect(ConfigCommand.Show.shown(.adminToken, .string("0123456789abcdef")) == "(set)")
        #expect(ConfigCommand.Show.shown(.databaseURL, .string("postgres://u:p@h")) == "(set)")
    }

    @Test func `the seed's plans are taken, missing parts from the standard plans`() throws {
        let yaml = """
            billing:
              plans:
                free:
                  price_id: null
                  base_price: 0
                  usage_based: false
                professional:
                  price_id: price_abc123
                  base_price: 59.50
                  usage_based: true
                  usage_items:
                    - name: "API Requests"
                      price_id: price_usage_requests
                      unit: "1000 requests"
                      price: 0.01
                  quotas:
                    max_mocks: -1
                  permissions:
                    can_use_ai_features: false
                team:
                  quotas: {max_workspaces: 7}
            """
        let plans = try load(yaml).settings.plans
        let professional = try #require(plans.first { $0.name == "professional" })
        #expect(professional.price == PlanPrice(baseCents: 5950, isUsageBased: true))
        #expect(professional.quotas[.maxMocks]?.value == nil)
        #expect(professional.quotas[.maxWorkspaces]?.value == 100)
        #expect(professional.permissions[.useAIFeatures] == false)
        #expect(professional.permissions[.exportData] == true)
        let team = try #require(plans.first { $0.name == "team" })
        #expect(team.quotas[.maxWorkspaces]?.value == 7)
        #expect(team.quotas[.maxMocks] == Plan.free.quotas[.maxMocks])
        #expect(plans.map(\.name) == ["free", "professional", "enterprise", "team"])
    }

    @Test func `a wrong limit of a plan is refused with its line`() {
        #expect(
            complaints("billing:\n  plans:\n    free:\n      quotas:\n        max_mocks: lots\n")
                == [
                    "mockforge.yaml:5: billing.plans.free.quotas.max_mocks must be an integer of at least 0, "
                        + "or -1 for unlimited"
                ])
    }

    @Test func `every flag in the catalogue is a flag of serve`() {
        let help = ConfigCommand.Show.helpMessage()
        for flag in SettingKey.all.compactMap(\.flag) { #expect(help.contains(flag)) }
    }

    @Test func `keys and variables are unique`() {
        #expect(Set(SettingKey.all.map(\.path)).count == SettingKey.all.count)
        #expect(Set(SettingKey.all.map(\.environmentName)).count == SettingKey.all.count)
    }
}
