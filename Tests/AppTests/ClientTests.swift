import ArgumentParser
import JSON
import Testing

@testable import App

@Suite struct ClientTests {
    @Test func `an API path goes below the spelling that any server answers`() {
        let client = APIClient(url: "http://127.0.0.1:8080/", token: nil)
        #expect(client.address("/tenants") == "http://127.0.0.1:8080/api/v1/tenants")
        #expect(
            client.address("/tenants", query: [("status", "a b&c")])
                == "http://127.0.0.1:8080/api/v1/tenants?status=a%20b%26c")
    }

    @Test func `an address that names the API's version is taken as it is`() {
        let client = APIClient(url: "https://api.mockforge.dev/v1", token: nil)
        #expect(client.address("/tenants") == "https://api.mockforge.dev/v1/tenants")
    }

    @Test func `a refusal shows its sentence, every violation and the request's id`() {
        let problem: JSON = [
            "title": "Unprocessable Content", "detail": "2 values are not acceptable", "code": "validation_failed",
            "request_id": "r1",
            "errors": [
                ["pointer": "/name", "code": "required", "message": "is required"],
                ["pointer": "/plan", "code": "invalid_value", "message": "must be one of \"free\""],
            ],
        ]
        let failure = APIClient.failure(status: 422, problem)
        #expect(failure.code == .refused)
        #expect(
            failure.message == """
                2 values are not acceptable
                  /name: is required
                  /plan: must be one of "free"
                  (422 validation_failed, request r1)
                """)
    }

    @Test(arguments: [
        (401, CommandFailure.Code.notAuthorized), (403, .notAuthorized), (404, .refused), (409, .refused),
        (500, .software),
        (503, .software),
    ])
    func `the exit code tells what kind of refusal it was`(status: Int, code: CommandFailure.Code) {
        #expect(APIClient.failure(status: status, .null).code == code)
    }

    @Test func `a table has aligned columns and lets no control character through`() {
        var table = Table(columns: ["id", "name"])
        table.add(["1", "a\u{1B}[31m"])
        table.add(["long-id", "b"])
        #expect(table.text == "ID       NAME\n1        a [31m\nlong-id  b")
    }

    @Test func `a record names inner members with dots`() {
        #expect(Table.record(["a": 1, "quotas": ["max": -1]]) == "a           1\nquotas.max  -1")
    }

    @Test func `flags win over the environment, which wins over the profile`() throws {
        var options = try ClientOptions.parse(["--url", "http://flag"])
        #expect(try options.client(environment: ["MOCKFORGE_URL": "http://variable"]).url == "http://flag")
        options = try ClientOptions.parse([])
        #expect(try options.client(environment: ["MOCKFORGE_URL": "http://variable"]).url == "http://variable")
        #expect(try options.client(environment: [:]).url == "http://127.0.0.1:8080")
    }

    @Test func `a profile gives address and token`() throws {
        let profiles = try Profiles(
            text: "default: a\nprofiles:\n  a: {url: \"http://a\", token: t}\n  b: {url: \"http://b\"}\n",
            file: "p.yaml")
        #expect(try profiles.profile(nil) == Profiles.Profile(url: "http://a", token: "t"))
        #expect(try profiles.profile("b") == Profiles.Profile(url: "http://b", token: nil))
        #expect(throws: CommandFailure.self) { try profiles.profile("c") }
    }

    @Test func `an import's report counts and places its warnings`() {
        let answer: JSON = [
            "mock_id": "mock_1", "url": "http://a.localhost/b", "created": 3, "updated": 0, "unchanged": 1,
            "removed": 0,
            "warnings": [["code": "x", "message": "odd", "pointer": "/a", "line": 12]],
        ]
        #expect(
            ImportCommand.report(answer, file: "a.yaml", isDryRun: false) == [
                "routes: 3 created, 0 updated, 1 unchanged, 0 removed (mock_1)", "a.yaml:12: warning: odd",
                "call it at http://a.localhost/b",
            ])
    }

    @Test func `an override says key and value, or default`() throws {
        let json = try TenantCommand.Update.overrides(["max_mocks=5", "max_users=default"], flag: "--quota") { text in
            Int(text).map { JSON($0) }
        }
        #expect(json == ["max_mocks": 5, "max_users": .null])
        #expect(throws: CommandFailure.self) {
            try TenantCommand.Update.overrides(["max_mocks"], flag: "--quota") { _ in nil }
        }
    }

    @Test func `every command explains itself`() {
        for command in CommandLineTool.configuration.subcommands {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
            for inner in command.configuration.subcommands {
                #expect(!inner.configuration.abstract.isEmpty, "\(inner)")
            }
        }
    }

    @Test func `a usage report is shown as totals, a chart of the series and a table of the groups`() {
        let text = TenantCommand.Usage.text([
            "tenant_id": "abcdefgh12", "total_requests": 21,
            "series": [
                ["at": "2027-01-13T00:00:00Z", "requests": 0], ["at": "2027-01-14T00:00:00Z", "requests": 7],
                ["at": "2027-01-15T00:00:00Z", "requests": 14],
            ],
            "group_by": ["status"], "groups": [["status": "2xx", "requests": 21]], "groups_total": 1,
        ])
        let parts = text.split(separator: "\n\n").map(String.init)
        #expect(parts.count == 3)
        #expect(parts[0].contains("total_requests") && !parts[0].contains("series"))
        #expect(parts[1] == "requests, 2027-01-13T00:00:00Z to 2027-01-15T00:00:00Z:\n▁▄█")
        #expect(parts[2].contains("2xx") && parts[2].contains("21"))
    }

    @Test func `a chart of nothing is flat`() {
        #expect(Sparkline.text([0, 0, 0]) == "▁▁▁")
        #expect(Sparkline.text([]) == "")
    }
}
