import ArgumentParser
import JSON

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import an API description; its operations answer at once (tenant's API key).",
        discussion: """
            OpenAPI 3.0 and 3.1, JSON or YAML. Importing the same API again updates it in place and keeps what was changed
            by hand.

              mockforge import shop.yaml
              mockforge import shop.yaml --base-path /shop --workspace staging
              mockforge import shop.yaml --dry-run
            """)

    @Argument(help: "The file; - reads standard input.", completion: .file()) var file: String
    @Option(help: "The workspace's id or slug.") var workspace = "default"
    @Option(help: "The mock's name; the file's title otherwise.") var name: String?
    @Option(help: "Where the mock's paths begin, such as /shop; the file's server address says it otherwise.")
    var basePath: String?
    @Flag(help: "Show what would change and change nothing.") var dryRun = false
    @OptionGroup var options: ClientOptions

    func run() async throws {
        let bytes: [UInt8]
        do {
            guard let read = try Files.read(file == "-" ? "/dev/stdin" : file) else {
                throw CommandFailure(.noInput, "\(file): no such file")
            }
            bytes = read
        } catch let failure as Files.Failure {
            throw CommandFailure(.noInput, "\(failure)")
        }
        let client = try options.client()
        let id = try await WorkspaceCommand.id(of: workspace, client)
        var query: [(name: String, value: String)] = []
        if let name { query.append(("name", name)) }
        if let basePath { query.append(("base_path", basePath)) }
        if dryRun { query.append(("dry_run", "true")) }
        let isJSON = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        let reply = try await client.send(
            "POST", WorkspaceCommand.path(id) + "/import", query: query,
            body: APIClient.Body(bytes: bytes, contentType: isJSON ? "application/json" : "application/yaml"))
        guard options.output == .table else { return options.show(reply.json) }
        for line in Self.report(reply.json, file: file, isDryRun: dryRun) { print(line) }
        if !dryRun, let address = await address(of: reply.json, workspace: id, client) {
            print("call it at \(address)")
        }
    }

    /// One line of counts and one for each warning, with the place in the file.
    static func report(_ answer: JSON, file: String, isDryRun: Bool) -> [String] {
        let counts = ["created", "updated", "unchanged", "removed"].map { field in
            "\(answer[field]?.integer ?? answer[field]?.array?.count ?? 0) \(field)"
        }
        let mock = answer["mock_id"]?.string.map { " (\($0))" } ?? ""
        var lines = ["\(isDryRun ? "would be" : "routes"): \(counts.joined(separator: ", "))\(mock)"]
        for warning in answer["warnings"]?.array ?? [] {
            let line = warning["line"]?.integer.map { ":\($0)" } ?? ""
            lines.append(Table.oneLine("\(file)\(line): warning: \(warning["message"]?.string ?? "")"))
        }
        return lines
    }

    /// Where the mock answers; nil when the key may not read what it takes to tell.
    private func address(of answer: JSON, workspace: String, _ client: APIClient) async -> String? {
        guard let mock = answer["mock_id"]?.string,
            let tenant = try? await client.send("GET", "/tenant").json,
            let base = Self.baseAddress(tenant["urls"] ?? .null),
            let record = try? await client.send("GET", "\(WorkspaceCommand.path(workspace))/mocks/\(mock)").json,
            let home = try? await client.send("GET", WorkspaceCommand.path(workspace)).json
        else { return nil }
        let slug = home["slug"]?.string ?? "default"
        let place = home["is_default"]?.bool == true ? "" : "/w/\(slug)"
        return base + place + (record["base_path"]?.string ?? "")
    }

    /// The subdomain's address among a tenant's `urls`, or the first there is.
    static func baseAddress(_ urls: JSON) -> String? {
        (urls["subdomain"]?.string ?? urls.object?.values.compactMap(\.string).first).map { text in
            text.hasSuffix("/") ? String(text.dropLast()) : text
        }
    }
}
