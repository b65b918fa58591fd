import ArgumentParser
import JSON

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// What every command that talks to a server takes.
struct ClientOptions: ParsableArguments {
    @Option(help: "The server's address. Also MOCKFORGE_URL; without either http://127.0.0.1:8080.")
    var url: String?

    @Option(
        help: "The bearer token: the operator's for tenants, a tenant's API key for the rest. Also MOCKFORGE_TOKEN.")
    var token: String?

    @Option(help: "A profile of ~/.config/mockforge/profiles.yaml that holds url and token. Also MOCKFORGE_PROFILE.")
    var profile: String?

    @Option(name: .shortAndLong, help: "How to print the answer.")
    var output: OutputFormat = .table

    /// Flags win over the environment, which wins over the profile.
    func client(environment: [String: String] = ProcessEnvironment.read()) throws(CommandFailure) -> APIClient {
        let profile = try profiles(environment).profile(profile ?? environment["MOCKFORGE_PROFILE"])
        return APIClient(
            url: url ?? environment["MOCKFORGE_URL"] ?? profile.url ?? "http://127.0.0.1:8080",
            token: token ?? environment["MOCKFORGE_TOKEN"] ?? profile.token)
    }

    private func profiles(_ environment: [String: String]) throws(CommandFailure) -> Profiles {
        let folder = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map { $0 + "/.config" }
        guard let path = environment["MOCKFORGE_PROFILES"] ?? folder.map({ $0 + "/mockforge/profiles.yaml" }) else {
            return .empty
        }
        do {
            return try Files.readText(path).map { text in try Profiles(text: text, file: path) } ?? .empty
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(.configuration, "\(error)")
        }
    }

    /// Prints one object.
    func show(_ json: JSON) {
        switch output {
        case .json: print(json.prettyText)
        case .table: print(Table.record(json))
        }
    }

    /// Prints a list answer (`data`, `page`, `limit`, `total`) with these fields as columns.
    func show(list json: JSON, columns: [String]) {
        guard output == .table else {
            print(json.prettyText)
            return
        }
        let data = json["data"]?.array ?? []
        var table = Table(columns: columns)
        for entry in data { table.add(columns.map { Table.cell(entry[$0]) }) }
        print(table.text)
        if let total = json["total"]?.integer, total > data.count {
            print("\(data.count) of \(total); see --page and --limit")
        }
    }

    /// Says that something without an answer body is done.
    func confirm(_ sentence: String, _ json: JSON) {
        switch output {
        case .json: print(json.isNull ? "{}" : json.prettyText)
        case .table: print(sentence)
        }
    }
}

/// `--page` and `--limit` of the list commands.
struct PageOptions: ParsableArguments {
    @Option(help: "Which page, from 1.")
    var page = 1

    @Option(help: "How many on a page, at most 100.")
    var limit = 50

    var query: [(name: String, value: String)] { [("page", String(page)), ("limit", String(limit))] }
}
