import ArgumentParser
import JSON

struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant",
        abstract: "Provision and look after tenants (operator's token).",
        discussion: """
            A tenant is a customer: it has a subdomain, a plan and API keys.

              mockforge tenant create --name "Acme Corporation" --subdomain acme-corp --plan professional \\
                --admin-email admin@acme.com
              mockforge tenant list --status active
              mockforge tenant update abcdefgh12 --plan enterprise
            """,
        subcommands: [
            Create.self, List.self, Show.self, Update.self, Suspend.self, Resume.self, Delete.self, Restore.self,
            Purge.self, Usage.self,
        ])

    static func path(_ id: String) -> String { "/tenants/\(APIClient.escaped(id))" }
}

extension TenantCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Provision a tenant; the answer holds its API key, which is shown once.")

        @Option(help: "The customer's name.") var name: String
        @Option(help: "Its name in addresses: 3 to 63 of a-z, 0-9 and hyphens.") var subdomain: String
        @Option(help: "free, professional, enterprise, or a plan of the server's configuration.") var plan = "free"
        @Option(help: "Where the welcome mail goes.") var adminEmail: String
        @Option(help: "The name of that person.") var adminName: String?
        @Option(help: "Use the same text to try again after a failure without making a second tenant.")
        var idempotencyKey: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            var body: JSONObject = [
                "name": .string(name), "subdomain": .string(subdomain), "plan": .string(plan),
                "admin_email": .string(adminEmail),
            ]
            if let adminName { body["admin_name"] = .string(adminName) }
            let reply = try await options.client().send(
                "POST", "/tenants", body: .json(.object(body)), idempotencyKey: idempotencyKey)
            options.show(reply.json)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List tenants, oldest first.")

        @Option(help: "Only those that are active, trialing, past_due, suspended or deleted.") var status: String?
        @OptionGroup var pages: PageOptions
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let query = pages.query + (status.map { [("status", $0)] } ?? [])
            let reply = try await options.client().send("GET", "/tenants", query: query)
            options.show(list: reply.json, columns: ["tenant_id", "name", "subdomain", "plan", "status", "created_at"])
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one tenant: the one with this id, or the one that your API key belongs to.")

        @Argument(help: "The tenant's id; leave it out with a tenant's API key.") var tenant: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send("GET", tenant.map(TenantCommand.path) ?? "/tenant")
            options.show(reply.json)
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a tenant's name, plan, status or single limits.",
            discussion: "A limit of -1 is unlimited; \"default\" takes an override away: --quota max_mocks=default.")

        @Argument(help: "The tenant's id.") var tenant: String
        @Option(help: "A new name.") var name: String?
        @Option(help: "A new plan, in force at once.") var plan: String?
        @Option(help: "A new status.") var status: String?
        @Option(help: ArgumentHelp("Override one limit of the plan.", valueName: "key=number")) var quota: [String] = []
        @Option(help: ArgumentHelp("Override one permission of the plan.", valueName: "key=true|false"))
        var permission: [String] = []
        @OptionGroup var options: ClientOptions

        func run() async throws {
            var body = JSONObject()
            if let name { body["name"] = .string(name) }
            if let plan { body["plan"] = .string(plan) }
            if let status { body["status"] = .string(status) }
            if !quota.isEmpty {
                body["quotas"] = try Self.overrides(quota, flag: "--quota") { text in Int(text).map { JSON($0) } }
            }
            if !permission.isEmpty {
                body["permissions"] = try Self.overrides(permission, flag: "--permission") { Bool($0).map { JSON($0) } }
            }
            if body.isEmpty {
                throw CommandFailure(
                    .usage, "nothing to change: give --name, --plan, --status, --quota or --permission")
            }
            let reply = try await options.client().send("PATCH", TenantCommand.path(tenant), body: .json(.object(body)))
            options.show(reply.json)
        }

        static func overrides(
            _ pairs: [String], flag: String, _ value: (String) -> JSON?
        ) throws(CommandFailure) -> JSON {
            var object = JSONObject()
            for pair in pairs {
                let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2, let json = parts[1] == "default" ? JSON.null : value(parts[1]) else {
                    throw CommandFailure(.usage, "\(flag) takes KEY=VALUE, not \"\(pair)\"")
                }
                object[parts[0]] = json
            }
            return .object(object)
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Answer 403 for a tenant on both planes, from now on. Its data stays.")

        @Argument(help: "The tenant's id.") var tenant: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send(
                "PATCH", TenantCommand.path(tenant), body: .json(["status": "suspended"]))
            options.confirm("tenant \(tenant) is suspended", reply.json)
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a suspension back.")

        @Argument(help: "The tenant's id.") var tenant: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send(
                "PATCH", TenantCommand.path(tenant), body: .json(["status": "active"]))
            options.confirm("tenant \(tenant) is active", reply.json)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a tenant. `restore` brings it back until the retention time is over.")

        @Argument(help: "The tenant's id.") var tenant: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send("DELETE", TenantCommand.path(tenant))
            options.confirm(
                "tenant \(tenant) is deleted; `mockforge tenant restore \(tenant)` brings it back", reply.json)
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Bring a deleted tenant back.")

        @Argument(help: "The tenant's id.") var tenant: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let reply = try await options.client().send("POST", TenantCommand.path(tenant) + "/restore")
            options.confirm("tenant \(tenant) is back", reply.json)
        }
    }

    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a deleted tenant's data, files and keys for good.")

        @Argument(help: "The tenant's id.") var tenant: String
        @Flag(help: "Do it; there is no way back.") var yes = false
        @OptionGroup var options: ClientOptions

        func run() async throws {
            guard yes else { throw CommandFailure(.usage, "purging cannot be undone; say --yes to do it") }
            let reply = try await options.client().send("POST", TenantCommand.path(tenant) + "/purge")
            options.confirm("tenant \(tenant) is gone", reply.json)
        }
    }

    struct Usage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a tenant used, against its limits, with a small chart.")

        @Argument(help: "The tenant's id; leave it out with a tenant's API key.") var tenant: String?
        @Option(help: "day, week or month.") var period = "month"
        @Option(help: "Break down by workspace, mock, route, status, day or hour; several are parted by commas.")
        var groupBy: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            let path = tenant.map { TenantCommand.path($0) + "/usage" } ?? "/usage"
            let query = [("period", period)] + (groupBy.map { [("group_by", $0)] } ?? [])
            let reply = try await options.client().send("GET", path, query: query)
            guard options.output == .table, let object = reply.json.object else { return options.show(reply.json) }
            print(Self.text(object))
        }

        /// Totals as a table; the series as a chart, which is for people what its numbers are for programs.
        static func text(_ report: JSONObject) -> String {
            var totals = report
            for name in ["series", "groups", "group_by", "groups_total"] { totals[name] = nil }
            var parts = [Table.record(.object(totals))]
            let series = report["series"]?.array ?? []
            if let first = series.first?["at"]?.string, let last = series.last?["at"]?.string {
                let bars = Sparkline.text(series.map { $0["requests"]?.integer ?? 0 })
                parts.append("requests, \(first) to \(last):\n\(bars)")
            }
            if let groups = report["groups"]?.array, let columns = groups.first?.object.map({ Array($0.keys) }) {
                var table = Table(columns: columns)
                for group in groups { table.add(columns.map { Table.cell(group[$0]) }) }
                parts.append(table.text)
            }
            return parts.joined(separator: "\n\n")
        }
    }
}
