import MockEngine

extension Address {
    /// Reads where a request goes.
    ///
    /// - Parameters:
    ///   - host: what the host header said.
    ///   - target: path and query as they came.
    package init(host: HostName, target: String) {
        switch host {
        case .control: self = .control
        case .unknown: self = .unknownTenant
        case .base: self = Self.onBaseDomain(target)
        case .tenant(let tenant, let workspace): self = Self.ofTenant(tenant, workspace, target)
        }
    }

    private static func split(_ target: String) -> (path: String, query: String?) {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (target, nil) }
        return (String(target[..<mark]), String(target[target.utf8.index(after: mark)...]))
    }

    private static func ofTenant(_ tenant: TenantReference, _ workspace: String?, _ target: String) -> Address {
        let (raw, query) = split(target)
        do throws(RequestPath.Refusal) {
            let path = try RequestPath.normalise(raw)
            return inWorkspace(TenantAddress(tenant: tenant, workspace: workspace, path: path, query: query))
        } catch {
            return .invalidPath(error)
        }
    }

    /// `/tenant/<id or subdomain>/…` and, for short, `/t/…`; everything else belongs to the control plane.
    private static func onBaseDomain(_ target: String) -> Address {
        let (raw, query) = split(target)
        // A path that has no normal form names no tenant: the control plane refuses it in its own way.
        guard let path = try? RequestPath.normalise(raw), let (form, afterForm) = segment(path),
            form == "tenant" || form == "t", let (name, rest) = segment(afterForm), !name.isEmpty
        else { return .control }
        guard Subdomains.isTenantID(name) || Subdomains.isSubdomain(name) else { return .unknownTenant }
        let reference = TenantReference(.either, name)
        return inWorkspace(TenantAddress(tenant: reference, path: rest, query: query))
    }

    /// Takes `/w/<slug>` off the path. It wins over a workspace in the host name, being the narrower of the two.
    private static func inWorkspace(_ address: TenantAddress) -> Address {
        guard address.path.utf8.starts(with: "/w/".utf8), let (_, afterMark) = segment(address.path),
            let (slug, rest) = segment(afterMark), !slug.isEmpty
        else { return .tenant(address) }
        guard Subdomains.isSlug(slug) else { return .unknownTenant }
        var address = address
        address.workspace = slug
        address.path = rest
        return .tenant(address)
    }

    /// The first segment of a path in normal form, and the path after it, which is at least `/`.
    private static func segment(_ path: String) -> (String, rest: String)? {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        let inner = path.utf8.dropFirst()
        guard let end = inner.firstIndex(of: UInt8(ascii: "/")) else {
            return (String(decoding: inner, as: UTF8.self), "/")
        }
        return (String(decoding: inner[..<end], as: UTF8.self), String(path[end...]))
    }
}
