import Domain
import JSON
import Persistence

/// The body of POST `/tenants`, checked.
struct NewTenant: Sendable {
    var name: String
    var subdomain: Subdomain
    var plan: String
    var adminEmail: String
    var adminName: String
    var quotaOverrides: [QuotaKey: QuotaLimit]
    var permissionOverrides: [PermissionKey: Bool]

    private static let fields = ["name", "subdomain", "plan", "admin_email", "admin_name", "quotas", "permissions"]

    /// - Throws: 422 with everything that is wrong.
    init(_ json: JSON, plans: PlanCatalog) throws(Problem) {
        let violations = Violations()
        let reader = ObjectReader(json, known: Self.fields, violations: violations)
        let name = reader?.name("name", required: true)
        let subdomain = reader?.subdomain("subdomain")
        let plan = reader?.plan("plan", plans, required: true)
        let email = reader?.emailAddress("admin_email", required: true)
        adminName = reader?.name("admin_name") ?? ""
        quotaOverrides = [:]
        permissionOverrides = [:]
        reader?.readQuotas(into: &quotaOverrides)
        reader?.readPermissions(into: &permissionOverrides)
        try violations.throwIfAny()
        // Nothing was noted, so every required member is there.
        guard let name, let subdomain, let plan, let email else { throw Problem.invalid(violations.list) }
        self.name = name
        self.subdomain = subdomain
        self.plan = plan
        adminEmail = email
    }
}

/// The body of PATCH `/tenants/{tenant_id}`: a merge patch, checked; what it leaves out stays.
struct TenantPatch: Sendable {
    private let json: JSON
    private let plans: PlanCatalog

    private static let fields = ["name", "plan", "status", "admin_email", "admin_name", "quotas", "permissions"]

    init(_ json: JSON, plans: PlanCatalog) {
        self.json = json
        self.plans = plans
    }

    /// Changes `tenant`.
    ///
    /// - Throws: 422 with everything that is wrong; 409 for a status that cannot follow the present one.
    func apply(to tenant: inout TenantRecord) throws(Problem) {
        let violations = Violations()
        guard let reader = ObjectReader(json, known: Self.fields, violations: violations) else {
            throw Problem.invalid(violations.list)
        }
        for key in ["name", "plan", "status", "admin_email"] where reader.isNull(key) {
            reader.refuse(key, "required", "cannot be removed")
        }
        if let name = reader.name("name") { tenant.name = name }
        if let plan = reader.plan("plan", plans) { tenant.plan = plan }
        if let email = reader.emailAddress("admin_email") { tenant.adminEmail = email }
        if reader.isNull("admin_name") { tenant.adminName = "" }
        if let name = reader.name("admin_name") { tenant.adminName = name }
        reader.readQuotas(into: &tenant.quotaOverrides)
        reader.readPermissions(into: &tenant.permissionOverrides)
        let status = reader.choice("status", TenantStatus.self)
        try violations.throwIfAny()
        if let status { tenant.status = try tenant.status.changed(to: status) }
    }
}

extension TenantStatus {
    /// What an administrator may set next; deletion and its undoing have endpoints of their own.
    var successors: [TenantStatus] {
        switch self {
        case .active: [.pastDue, .suspended]
        case .trialing: [.active, .pastDue, .suspended]
        case .pastDue: [.active, .suspended]
        case .suspended: [.active]
        case .deleted: []
        }
    }

    /// - Throws: 409 when `next` cannot follow.
    func changed(to next: TenantStatus) throws(Problem) -> TenantStatus {
        if next == self || successors.contains(next) { return next }
        let names = successors.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
        throw Problem(
            .conflict, code: "invalid_transition",
            detail: next == .deleted
                ? "Use DELETE to delete a tenant."
                : "A tenant that is \(rawValue) can become \(names), not \(next.rawValue).")
    }
}

extension ObjectReader {
    /// A name for people: no control characters, not blank.
    func name(_ key: String, required: Bool = false) -> String? {
        guard let text = string(key, required: required, length: 1...200) else { return nil }
        guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }),
            text.contains(where: { !$0.isWhitespace })
        else {
            refuse(key, "invalid_format", "must have a letter or digit and no control characters")
            return nil
        }
        return text
    }

    fileprivate func subdomain(_ key: String) -> Subdomain? {
        guard let text = string(key, required: true) else { return nil }
        do {
            return try Subdomain(text)
        } catch {
            refuse(key, error.code, error.message)
            return nil
        }
    }

    fileprivate func plan(_ key: String, _ plans: PlanCatalog, required: Bool = false) -> String? {
        guard let name = string(key, required: required) else { return nil }
        guard plans[name] != nil else {
            refuse(key, "unknown_plan", "must be one of \(plans.names.map { "\"\($0)\"" }.joined(separator: ", "))")
            return nil
        }
        return name
    }

    func emailAddress(_ key: String, required: Bool = false) -> String? {
        guard let text = string(key, required: required, length: 3...254) else { return nil }
        guard EmailAddress.isPlausible(text) else {
            refuse(key, "invalid_email", "must be an email address such as \"admin@example.com\"")
            return nil
        }
        return text
    }

    /// Merges `quotas`: a number sets an override, null removes one, null for the whole object removes all.
    fileprivate func readQuotas(into overrides: inout [QuotaKey: QuotaLimit]) {
        if isNull("quotas") { overrides = [:] }
        guard let reader = reader("quotas", known: QuotaKey.allCases.map(\.rawValue)) else { return }
        for key in QuotaKey.allCases {
            if reader.isNull(key.rawValue) { overrides[key] = nil }
            if let value = reader.integer(key.rawValue, in: -1...1_000_000_000) {
                overrides[key] = QuotaLimit(wireValue: value)
            }
        }
    }

    /// The same for `permissions`.
    fileprivate func readPermissions(into overrides: inout [PermissionKey: Bool]) {
        if isNull("permissions") { overrides = [:] }
        guard let reader = reader("permissions", known: PermissionKey.allCases.map(\.rawValue)) else { return }
        for key in PermissionKey.allCases {
            if reader.isNull(key.rawValue) { overrides[key] = nil }
            if let value = reader.bool(key.rawValue) { overrides[key] = value }
        }
    }
}

enum EmailAddress {
    /// Whether mail could go there: one `@`, a dot-atom before it as RFC 5321 has it, a host name of labels.
    static func isPlausible(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].utf8.count) else { return false }
        let local = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let symbols = Set("!#$%&'*+-/=?^_`{|}~".utf8)
        guard local.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { isAlphanumeric($0) || symbols.contains($0) } })
        else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}

extension TenantRecord {
    /// How long a deleted tenant's data is kept for `restore`.
    static let retention = Duration.seconds(30 * 86_400)

    /// The tenant as the API shows it to the administrator and to itself.
    func json(_ platform: Platform) -> JSON {
        let entitlements = platform.plans.entitlements(of: self)
        var object: JSONObject = [
            "tenant_id": .string(id.text), "name": .string(name), "subdomain": .string(subdomain.text),
            "plan": .string(plan), "status": .string(status.rawValue), "admin_email": .string(adminEmail),
            "admin_name": .string(adminName), "created_at": .string(createdAt.rfc3339),
            "updated_at": .string(updatedAt.rfc3339), "quotas": entitlements.quotasJSON,
            "permissions": entitlements.permissionsJSON, "urls": platform.addresses.urls(of: id, subdomain),
        ]
        if let deletedAt {
            object["deleted_at"] = .string(deletedAt.rfc3339)
            object["purge_at"] = .string((deletedAt + Self.retention).rfc3339)
        }
        return .object(object)
    }

    /// The answer to POST `/tenants`, the only one with the key.
    func createdJSON(_ platform: Platform, apiKey: String) -> JSON {
        let entitlements = platform.plans.entitlements(of: self)
        return [
            "tenant_id": .string(id.text), "name": .string(name), "subdomain": .string(subdomain.text),
            "plan": .string(plan), "status": .string(status.rawValue), "api_key": .string(apiKey),
            "created_at": .string(createdAt.rfc3339), "quotas": entitlements.quotasJSON,
            "permissions": entitlements.permissionsJSON, "urls": platform.addresses.urls(of: id, subdomain),
        ]
    }
}
