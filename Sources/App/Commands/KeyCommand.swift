import ArgumentParser
import JSON

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "API keys of a tenant.",
        discussion: """
            With a tenant's own key of scope admin these act on that tenant; an operator names one with --tenant.

              mockforge key create --name ci --scope write
              mockforge key list --tenant abcdefgh12
              mockforge key rotate key_5k2p9m3q7r1t8v4x
            """,
        subcommands: [Create.self, List.self, Rotate.self, Revoke.self])

    struct Place: ParsableArguments {
        @Option(help: "The tenant's id, with the operator's token.") var tenant: String?

        var path: String { tenant.map { TenantCommand.path($0) + "/api-keys" } ?? "/api-keys" }
        func path(_ key: String) -> String { "\(path)/\(APIClient.escaped(key))" }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key; it is shown once.")

        @Option(help: "What the key is for.") var name: String
        @Option(help: "read, write or admin; each includes those before it.") var scope = "write"
        @Option(help: "When it ends, such as 2027-01-01T00:00:00Z.") var expiresAt: String?
        @OptionGroup var place: Place
        @OptionGroup var options: ClientOptions

        func run() async throws {
            var body: JSONObject = ["name": .string(name), "scope": .string(scope)]
            if let expiresAt { body["expires_at"] = .string(expiresAt) }
            options.show(try await options.client().send("POST", place.path, body: .json(.object(body))).json)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List keys, without the secrets.")

        @OptionGroup var pages: PageOptions
        @OptionGroup var place: Place
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send("GET", place.path, query: pages.query)
            options.show(
                list: reply.json,
                columns: ["id", "name", "scope", "created_at", "expires_at", "revoked_at", "last_used_at"])
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key's successor, shown once.",
            discussion: "The old key ends at once, or after --overlap-seconds, so that clients can change over.")

        @Argument(help: "The key's id.") var key: String
        @Option(help: "How long both keys work, up to a week.") var overlapSeconds: Int?
        @OptionGroup var place: Place
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let body = overlapSeconds.map { APIClient.Body.json(["overlap_seconds": JSON($0)]) }
            options.show(try await options.client().send("POST", place.path(key) + "/rotate", body: body).json)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a key at once.")

        @Argument(help: "The key's id.") var key: String
        @OptionGroup var place: Place
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send("DELETE", place.path(key))
            options.confirm("key \(key) is revoked", reply.json)
        }
    }
}
