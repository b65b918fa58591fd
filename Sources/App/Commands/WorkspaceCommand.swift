import ArgumentParser
import JSON

struct WorkspaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workspace",
        abstract: "A tenant's workspaces: environments with mocks of their own (tenant's API key).",
        discussion: """
              mockforge workspace create --name Staging
              mockforge workspace update staging --validation enforce
            """,
        subcommands: [Create.self, List.self, Show.self, Update.self, Delete.self])

    static func path(_ id: String) -> String { "/workspaces/\(APIClient.escaped(id))" }

    /// The id of a workspace that somebody names by id or by slug.
    static func id(of name: String, _ client: APIClient) async throws(CommandFailure) -> String {
        if name.hasPrefix("ws_") { return name }
        var page = 1
        while true {
            let reply = try await client.send("GET", "/workspaces", query: [("page", String(page)), ("limit", "100")])
            let data = reply.json["data"]?.array ?? []
            if let id = data.first(where: { $0["slug"]?.string == name })?["id"]?.string { return id }
            if data.count < 100 {
                throw CommandFailure(.refused, "no workspace \"\(name)\"; see `mockforge workspace list`")
            }
            page += 1
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a workspace.")

        @Option(help: "Its name; the slug in addresses is made from it.") var name: String
        @Option(help: "Its name in addresses, when it should be another.") var slug: String?
        @Option(help: "What it is for.") var description: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            var body: JSONObject = ["name": .string(name)]
            if let slug { body["slug"] = .string(slug) }
            if let description { body["description"] = .string(description) }
            options.show(try await options.client().send("POST", "/workspaces", body: .json(.object(body))).json)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List workspaces.")

        @OptionGroup var pages: PageOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send("GET", "/workspaces", query: pages.query)
            options.show(list: reply.json, columns: ["id", "slug", "name", "is_default", "created_at"])
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one workspace.")

        @Argument(help: "Its id or slug.") var workspace: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let id = try await WorkspaceCommand.id(of: workspace, client)
            options.show(try await client.send("GET", WorkspaceCommand.path(id)).json)
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change a workspace.")

        @Argument(help: "Its id or slug.") var workspace: String
        @Option(help: "A new name.") var name: String?
        @Option(help: "What it is for.") var description: String?
        @Option(help: "Check requests against the imported description: off, report or enforce.") var validation:
            String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            var body = JSONObject()
            if let name { body["name"] = .string(name) }
            if let description { body["description"] = .string(description) }
            if let validation { body["settings"] = ["validation": .string(validation)] }
            if body.isEmpty {
                throw CommandFailure(.usage, "nothing to change: give --name, --description or --validation")
            }
            let client = try options.client()
            let id = try await WorkspaceCommand.id(of: workspace, client)
            options.show(try await client.send("PATCH", WorkspaceCommand.path(id), body: .json(.object(body))).json)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a workspace with its mocks.")

        @Argument(help: "Its id or slug.") var workspace: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let id = try await WorkspaceCommand.id(of: workspace, client)
            let reply = try await client.send("DELETE", WorkspaceCommand.path(id))
            options.confirm("workspace \(workspace) is deleted", reply.json)
        }
    }
}
