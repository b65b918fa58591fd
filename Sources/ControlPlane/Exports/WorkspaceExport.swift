import Domain
import JSON
import Persistence

/// Everything a workspace is made of as one JSON document, written mock after mock and route after route so that no more
/// than one large route or imported text is in memory at a time.
struct WorkspaceExport: Sendable {
    static let format = "mockforge-workspace/1"

    let workspace: WorkspaceRecord
    private let mocks: [MockRecord]
    private let routes: [MockID: [RouteRecord]]
    private let assets: [AssetRecord]
    private let exportedAt: Timestamp
    private let context: TenantContext

    /// What the file is made of, in order.
    private enum Part {
        case text(String)
        case route(RouteRecord)
        /// A mock's imported text by its key in the object store.
        case source(String)
    }

    /// Reads the rows in one transaction.
    init(_ context: TenantContext) async throws {
        let workspace = try await context.workspace()
        self.workspace = workspace
        self.context = context
        exportedAt = context.platform.surroundings.now()
        (mocks, routes, assets) = try await context.read { sql in
            (
                try MockRepository(sql).all(workspace: workspace.id),
                Dictionary(grouping: try RouteRepository(sql).all(workspace: workspace.id), by: \.mockID),
                try AssetRepository(sql).all(workspace: workspace.id)
            )
        }
    }

    var fileName: String { "\(workspace.slug).mockforge.json" }

    /// The bytes of the file. Reading throws `ObjectStoreError` where the store fails on the way.
    func stream() -> ObjectStream {
        ObjectStream(beginning: {
            var parts = self.parts[...]
            return {
                guard let part = parts.popFirst() else { return nil }
                switch part {
                case .text(let text): return Array(text.utf8)
                case .route(let route): return try await context.shown(route).bytes
                case .source(let key):
                    let bytes = try await context.platform.objects.get(key: key, tenant: context.tenant.id)
                    return JSON(bytes.flatMap { String(validating: $0, as: UTF8.self) }).bytes
                }
            }
        })
    }

    private var parts: [Part] {
        var parts: [Part] = [
            .text(
                """
                {"format":\(JSON.string(Self.format).text),"exported_at":\(JSON.string(exportedAt.rfc3339).text),\
                "workspace":\(workspace.json.text),"assets":\(JSON.array(assets.map(\.json)).text),"mocks":[
                """)
        ]
        for (index, mock) in mocks.enumerated() {
            parts.append(.text("\(index == 0 ? "" : ",")\(mock.json.text.dropLast()),\"routes\":["))
            for (index, route) in (routes[mock.id] ?? []).enumerated() {
                if index > 0 { parts.append(.text(",")) }
                parts.append(.route(route))
            }
            parts.append(.text("]"))
            if let key = mock.source["object_key"]?.string {
                parts.append(.text(",\"source_text\":"))
                parts.append(.source(key))
            }
            parts.append(.text("}"))
        }
        parts.append(.text("]}"))
        return parts
    }
}
