import ArgumentParser
import JSON

struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member",
        abstract: "Members of a tenant.",
        discussion: """
            With a tenant's key of scope admin, or the session token of an admin or owner.

              mockforge member add jane@acme.com --name "Jane Roe" --role editor
              mockforge member list
              mockforge member remove mem_5k2p9m3q7r1t8v4x
            """,
        subcommands: [Add.self, List.self, Update.self, Remove.self])

    static func path(_ member: String) -> String { "/members/\(APIClient.escaped(member))" }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a member, who is invited by mail.")

        @Argument(help: "The member's email address.") var email: String
        @Option(help: "The member's name.") var name: String?
        @Option(help: "viewer, editor, admin or owner; each includes those before it.") var role = "viewer"
        @OptionGroup var options: ClientOptions

        func run() async throws {
            var body: JSONObject = ["email": .string(email), "role": .string(role)]
            if let name { body["name"] = .string(name) }
            options.show(try await options.client().send("POST", "/members", body: .json(.object(body))).json)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List members.")

        @OptionGroup var pages: PageOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send("GET", "/members", query: pages.query)
            options.show(list: reply.json, columns: ["id", "email", "name", "role", "status", "last_sign_in_at"])
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a member's name or role.")

        @Argument(help: "The member's id.") var member: String
        @Option(help: "The new name.") var name: String?
        @Option(help: "viewer, editor, admin or owner.") var role: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            var body: JSONObject = [:]
            if let name { body["name"] = .string(name) }
            if let role { body["role"] = .string(role) }
            let reply = try await options.client().send(
                "PATCH", MemberCommand.path(member), body: .json(.object(body)))
            options.show(reply.json)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a member, whose sessions end at once.")

        @Argument(help: "The member's id.") var member: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send("DELETE", MemberCommand.path(member))
            options.confirm("member \(member) is removed", reply.json)
        }
    }
}
