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
    }

    /// One line of counts, one for each warning with its place in the file, and where the mock answers.
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
        if !isDryRun, let url = answer["url"]?.string { lines.append("call it at \(url)") }
        return lines
    }
}
