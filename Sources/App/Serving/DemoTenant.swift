import Domain
import JSON
import Logging

/// The tenant that a newcomer finds: provisioned and filled over the API itself, like any other.
struct DemoTenant: Sendable {
    /// Says on disk whether the demo is still to be made; a start that was killed is taken up by the next.
    private static let stateFile = "demo.state"

    let folder: DataFolder
    /// Where this server listens.
    let url: String
    let token: String
    /// The OpenAPI file and its name for messages.
    let source: [UInt8]
    let logger: Logger

    /// To be asked before anything is written into the folder.
    static func plan(for folder: DataFolder) throws(Files.Failure) {
        if folder.wasEmpty { try Files.writePrivate("pending\n", to: folder.file(stateFile)) }
    }

    private var isPending: Bool { ((try? Files.readText(folder.file(Self.stateFile))) ?? nil) == "pending\n" }

    static func exists(in folder: DataFolder) -> Bool { Files.exists(folder.file(stateFile)) }

    /// The tenant's API key, or nil when the demo was made by an earlier start.
    ///
    /// - Throws: `CommandFailure` with the API's own words; `Files.Failure`.
    func provision() async throws -> String? {
        guard isPending else { return nil }
        let client = APIClient(url: url, token: token)
        // The fixed key makes a second attempt find the first one's tenant and key.
        let tenant = try await client.send(
            "POST", "/tenants",
            body: .json([
                "name": "Demo Shop", "subdomain": "demo", "plan": "professional",
                "admin_email": "demo@example.com", "admin_name": "Demo",
            ]),
            idempotencyKey: "mockforge-demo-tenant")
        guard let key = tenant.json["api_key"]?.string else {
            throw CommandFailure(.software, "the demo tenant has no API key")
        }
        let owner = APIClient(url: url, token: key)
        let workspace = try await WorkspaceCommand.id(of: "default", owner)
        let answer = try await owner.send(
            "POST", WorkspaceCommand.path(workspace) + "/import",
            body: APIClient.Body(bytes: source, contentType: "application/yaml"))
        for warning in answer.json["warnings"]?.array ?? [] {
            logger.warning("demo file", metadata: ["warning": "\(warning["message"]?.string ?? "")"])
        }
        try Files.writePrivate("made\n", to: folder.file(Self.stateFile))
        return key
    }
}
