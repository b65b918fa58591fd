import JSON

/// The backups of a running server, which owns its data and does the work itself.
struct RemoteBackups: Sendable {
    private let client: APIClient

    private static let interval = Duration.milliseconds(300)

    init(_ client: APIClient) { self.client = client }

    /// As the server lists them, oldest first.
    func list() async throws -> [JSON] { try await client.send("GET", "/backups").json["data"]?.array ?? [] }

    /// The id that was typed, or of the newest backup that was completed.
    func id(_ text: String) async throws -> String {
        guard text == "latest" else { return text }
        guard let id = try await list().last(where: { $0["complete"] == true })?["id"]?.string else {
            throw CommandFailure(.refused, "there is no such backup yet")
        }
        return id
    }

    /// Starts an operation and watches it to its end. It goes on when nobody watches.
    ///
    /// - Parameter verb: for the line on the terminal.
    /// - Returns: what the operation made, with what the first answer alone holds.
    func run(_ path: String, _ body: JSON, verb: String) async throws -> JSON {
        let started = try await client.send("POST", path, body: .json(body)).json
        guard let id = started["id"]?.string else {
            throw CommandFailure(.software, "\(client.url) answered without the id of an operation")
        }
        let progress = ProgressLine(verb)
        defer { progress.end() }
        while true {
            let operation = try await client.send("GET", "/backups/operations/\(id)").json
            if let part = operation["progress"]?["part"]?.string,
                let position = operation["progress"]?["position"]?.integer,
                let count = operation["progress"]?["count"]?.integer
            {
                progress.show(position, of: count, part)
            }
            switch operation["state"]?.string {
            case "done":
                let secret: JSON = started["api_key"].map { ["api_key": $0] } ?? [:]
                return (operation["result"] ?? [:]).merging(secret)
            case "failed": throw CommandFailure(.refused, operation["error"]?.string ?? "the operation failed")
            default: try await Task.sleep(for: Self.interval)
            }
        }
    }
}
