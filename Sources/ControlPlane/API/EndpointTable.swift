import Domain
import HTTPTypes

/// All endpoints, ready to be found by path and method.
package struct EndpointTable: Sendable {
    package let endpoints: [Endpoint]
    /// One entry for each path template, by number of segments, the most literal first.
    private let resources: [Int: [Resource]]

    private struct Resource: Sendable {
        let path: PathTemplate
        var endpoints: [Endpoint]
    }

    enum Match {
        case found(Endpoint, parameters: [String: String])
        /// The path is there, the method is not; `allow` is the value of the header.
        case wrongMethod(allow: String)
        case unknownPath
    }

    package init(_ endpoints: [Endpoint]) {
        self.endpoints = endpoints
        var resources: [Int: [Resource]] = [:]
        for endpoint in endpoints {
            let count = endpoint.path.segments.count
            var group = resources[count] ?? []
            if let index = group.firstIndex(where: { $0.path == endpoint.path }) {
                group[index].endpoints.append(endpoint)
            } else {
                group.append(Resource(path: endpoint.path, endpoints: [endpoint]))
            }
            resources[count] = group
        }
        self.resources = resources.mapValues { group in
            group.sorted { $0.path.specificity.lexicographicallyPrecedes($1.path.specificity) }
        }
    }

    /// - Parameter path: the path of the request, not decoded. Both `/v1` and `/api/v1` lead to the table.
    func match(method: HTTPRequest.Method, path: String) -> Match {
        var parts: [String] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().prefix(20) {
            guard let segment = try? PercentEncoding.decode(part) else { return .unknownPath }
            parts.append(segment)
        }
        let isVersioned: Bool
        if parts.first == "v1" {
            parts.removeFirst()
            isVersioned = true
        } else if parts.count > 1, parts[0] == "api", parts[1] == "v1" {
            parts.removeFirst(2)
            isVersioned = true
        } else {
            isVersioned = false
        }
        for resource in resources[parts.count] ?? [] {
            guard let parameters = resource.path.match(parts) else { continue }
            let endpoints = resource.endpoints.filter { isVersioned || !$0.isVersioned }
            if endpoints.isEmpty { continue }
            let effective = method == .head ? .get : method
            if let endpoint = endpoints.first(where: { $0.method == effective }) {
                return .found(endpoint, parameters: parameters)
            }
            var methods = endpoints.map(\.method.rawValue)
            if methods.contains("GET") { methods.append("HEAD") }
            return .wrongMethod(allow: methods.sorted().joined(separator: ", "))
        }
        return .unknownPath
    }
}
