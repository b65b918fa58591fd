import Domain
import JSON
import MockEngine
import Persistence

/// The assets that a route's body names, by name or id, as they are in the route's workspace.
struct NamedAssets: Sendable {
    /// What all the routes of a workspace answer with together is in the memory of each node that answers for it.
    static let limit = 64 * Endpoint.Body.mebibyte

    /// By what the client wrote.
    private let found: [String: AssetID]

    /// Looks up what `json` names, which has not been checked yet.
    init(in json: JSON, of mock: MockID, _ sql: any SQLSession) throws {
        var found: [String: AssetID] = [:]
        let names = Set(Self.references(in: json).map(\.name))
        if !names.isEmpty, let workspace = try MockRepository(sql).find(mock)?.workspaceID {
            let assets = AssetRepository(sql)
            for name in names {
                let asset =
                    if let id = AssetID(name) { try assets.find(id) } else {
                        try assets.find(name: name, in: workspace)
                    }
                if let asset, asset.workspaceID == workspace { found[name] = asset.id }
            }
        }
        self.found = found
    }

    private static func references(in json: JSON) -> [(index: Int, name: String)] {
        // More responses than a route may have are refused without a look at what they name.
        (json["responses"]?.array ?? []).prefix(RouteDefinition.maximalResponses).enumerated().compactMap {
            index, response in response[LargeDocuments.assetMember]?.string.map { (index, $0) }
        }
    }

    /// Notes every name that leads to no asset.
    func check(_ json: JSON, _ violations: Violations) {
        for (index, name) in Self.references(in: json) where found[name] == nil {
            violations.add(
                JSONPointer(["responses", String(index), LargeDocuments.assetMember]), "unknown_asset",
                "is neither the name nor the id of an asset of this workspace")
        }
    }

    /// The responses with ids in the place of names, which somebody else may be given one day.
    func resolve(_ responses: [ResponseDefinition]) -> [ResponseDefinition] {
        responses.map { response in
            guard case .asset(let name) = response.body, let id = found[name] else { return response }
            var resolved = response
            resolved.body = .asset(id.text)
            return resolved
        }
    }

    /// In the transaction that writes the route: its assets are still there, and the workspace does not answer with more
    /// than a node can hold.
    static func require(
        of definition: JSON, by route: RouteID, in workspace: WorkspaceID, _ sql: any SQLSession
    ) throws {
        let named = AssetRepository.assets(in: definition)
        guard !named.isEmpty else { return }
        let assets = AssetRepository(sql)
        for id in named where try assets.find(id) == nil { throw Problem.changedMeanwhile }
        let others = try assets.uses(in: workspace).filter { $0.route != route }
        let all = others.reduce(into: named) { $0.formUnion($1.assets) }
        let size = try all.reduce(0) { try $0 + (assets.find($1)?.size ?? 0) }
        guard size <= limit else {
            throw Problem(
                .forbidden, code: "assets_too_large",
                detail:
                    "The routes of a workspace may answer with assets of \(limit) bytes in all, and would with \(size).",
                members: ["limit": JSON(limit), "needed": JSON(size)])
        }
    }
}
