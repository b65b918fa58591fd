import Domain
import JSON
import MockEngine
import Testing

struct WorkspaceSettingsTests {
    private static let complete: JSON = [
        "validation": "off",
        "cors": [
            "enabled": true, "allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"],
            "expose_headers": ["*"], "allow_credentials": true, "max_age": 600,
        ],
        "require_api_key": false, "near_miss": true, "journal": true, "journal_sample": 1.0,
        "seed": nil,
    ]

    @Test func `no settings are the defaults, written in full`() {
        let settings = WorkspaceSettings(json: [:], violations: Violations())
        #expect(settings == WorkspaceSettings())
        #expect(settings?.json == Self.complete)
    }

    @Test func `what is written reads back the same`() throws {
        var settings = WorkspaceSettings()
        settings.validation = .enforce
        settings.cors.allowOrigins = ["https://app.example.com:8443", "null"]
        settings.cors.maxAge = 0
        settings.requireAPIKey = true
        settings.nearMiss = false
        settings.journal = false
        settings.journalSample = 0.25
        settings.seed = -7
        #expect(WorkspaceSettings(json: settings.json, violations: Violations()) == settings)
        #expect(WorkspaceSettings(stored: settings.json) == settings)
    }

    @Test func `false for cors switches it off`() {
        #expect(WorkspaceSettings(json: ["cors": false], violations: Violations())?.cors.isEnabled == false)
    }

    @Test func `all violations are told, each at its place`() {
        let violations = Violations()
        let json: JSON = [
            "validation": "strict", "journal": 1, "journal_sample": 1.5, "seed": 1.5, "theme": "dark",
            "cors": [
                "allow_origins": ["https://a.example", "https://a.example/path", "a"], "allow_methods": ["G T"],
                "max_age": -1,
                "x": 1,
            ],
        ]
        #expect(WorkspaceSettings(json: json, at: JSONPointer(["settings"]), violations: violations) == nil)
        #expect(
            violations.list.map { "\($0.pointer) \($0.code)" } == [
                "/settings/theme unknown_field", "/settings/validation invalid_value", "/settings/cors/x unknown_field",
                "/settings/cors/allow_origins/1 invalid_value", "/settings/cors/allow_origins/2 invalid_value",
                "/settings/cors/allow_methods/0 invalid_value", "/settings/cors/max_age out_of_range",
                "/settings/journal invalid_type",
                "/settings/journal_sample out_of_range", "/settings/seed invalid_type",
            ])
    }

    @Test func `stored settings that are not understood have their defaults`() {
        let settings = WorkspaceSettings(stored: ["validation": "strict", "near_miss": false, "later": 1])
        #expect(settings.validation == .off)
        #expect(!settings.nearMiss)
        #expect(WorkspaceSettings(stored: nil) == WorkspaceSettings())
    }
}
