package import Backup
import Domain
import HTTPTypes
package import JSON
import Persistence

/// `/backups`: what `mockforge backup` does, done by a server that owns its data.
enum BackupRoutes {
    private static let item = "/backups/{backup_id}"

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/backups", .admin(list)),
        Endpoint(.post, "/backups", body: .optionalJSON, .admin(create)),
        Endpoint(.get, item, .admin(show)),
        Endpoint(.post, item + "/verify", body: .optionalJSON, .admin(verify)),
        Endpoint(.post, item + "/restore", body: .json, .admin(restore)),
        Endpoint(.get, "/backups/operations", query: Paging.parameterNames, .admin(listOperations)),
        Endpoint(.get, "/backups/operations/{operation_id}", .admin(showOperation)),
    ]

    private static func work(_ context: AdminContext) throws -> BackupWork {
        guard let work = context.platform.backupWork else {
            throw Problem(.unavailable, code: "unavailable", detail: "This node makes no backups.")
        }
        return work
    }

    // MARK: Looking

    private static func list(_ context: AdminContext) async throws -> Reply {
        let entries = try await work(context).open().list()
        return .object(["data": .array(entries.map(\.overview)), "total": JSON(entries.count)])
    }

    private static func show(_ context: AdminContext) async throws -> Reply {
        .object(try await manifest(context).1.overview)
    }

    private static func manifest(_ context: AdminContext) async throws -> (Backups, BackupManifest) {
        let backups = try await work(context).open()
        do {
            return (backups, try await backups.manifest(context.request.parameters["backup_id"] ?? ""))
        } catch BackupError.refused {
            throw Problem.notFound("backup")
        }
    }

    private static func listOperations(_ context: AdminContext) async throws -> Reply {
        let paging = try context.request.paging()
        let now = context.platform.surroundings.now()
        return try await context.read { sql in
            let operations = BackupOperationRepository(sql)
            return try paging.reply(
                page: { try operations.list(page: $0) }, after: { try operations.list(after: $0, limit: $1) },
                json: { $0.json(at: now) })
        }
    }

    private static func showOperation(_ context: AdminContext) async throws -> Reply {
        let id: BackupOperationID = try context.request.id("operation_id", "operation")
        let now = context.platform.surroundings.now()
        return try await context.read { sql in
            guard let operation = try BackupOperationRepository(sql).find(id) else {
                throw Problem.notFound("operation")
            }
            return .object(operation.json(at: now))
        }
    }

    // MARK: Working

    private static func create(_ context: AdminContext) async throws -> Reply {
        let violations = Violations()
        let reader = ObjectReader(try context.request.json(), known: ["tenant_id"], violations: violations)
        let tenant = tenant(reader)
        try violations.throwIfAny()
        try await requireTenant(tenant, context)
        return try await begin("create", ["tenant_id": JSON(tenant?.text)], context) { backups, observer in
            try await backups.create(tenant, observer: observer).overview
        }
    }

    private static func verify(_ context: AdminContext) async throws -> Reply {
        let violations = Violations()
        let reader = ObjectReader(try context.request.json(), known: ["tenant_id"], violations: violations)
        let tenant = tenant(reader)
        try violations.throwIfAny()
        let id = try await manifest(context).1.id
        return try await begin("verify", ["backup_id": .string(id), "tenant_id": JSON(tenant?.text)], context) {
            backups, observer in
            let findings = try await backups.verify(id, tenant: tenant, observer: observer)
            return ["intact": JSON(findings.isEmpty), "findings": .array(findings.map { .string($0) })]
        }
    }

    /// A new tenant's key is in this answer, which is its only showing: the work itself may outlive whoever asked for it.
    private static func restore(_ context: AdminContext) async throws -> Reply {
        let violations = Violations()
        let reader = ObjectReader(
            try context.request.json(), known: ["tenant_id", "to_new_tenant", "subdomain", "replace"],
            violations: violations)
        let tenant = tenant(reader, isRequired: true)
        let isNew = reader?.bool("to_new_tenant") ?? false
        let replaces = reader?.bool("replace") ?? false
        if isNew, replaces { reader?.refuse("replace", "conflict", "does not go with to_new_tenant") }
        var subdomain: Subdomain?
        if let text = reader?.string("subdomain") {
            if !isNew { reader?.refuse("subdomain", "conflict", "goes with to_new_tenant") }
            do { subdomain = try Subdomain(text) } catch { reader?.refuse("subdomain", error.code, error.message) }
        }
        try violations.throwIfAny()
        let manifest = try await manifest(context).1
        guard let tenant, let archived = manifest.tenants.first(where: { $0.id == tenant }) else {
            throw Problem.invalid([
                Violation(JSONPointer(["tenant_id"]), "unknown_tenant", "is not in the backup \(manifest.id)")
            ])
        }
        let surroundings = context.platform.surroundings
        var subject: JSON = ["backup_id": .string(manifest.id), "tenant_id": .string(tenant.text)]
        guard isNew else {
            return try await begin("restore", subject, context) { backups, _ in
                try await backups.restore(tenant, from: manifest.id, to: .same(replaces: replaces))
                return ["tenant_id": .string(tenant.text)]
            }
        }
        let new = TenantID(from: surroundings)
        let name =
            try subdomain ?? Subdomain("\(archived.subdomain.prefix(50))-\(AuditID(from: surroundings).text.suffix(4))")
        let key = IssuedKey(of: new, named: "Default", .admin, surroundings)
        let made: JSON = ["tenant_id": .string(new.text), "subdomain": .string(name.text)]
        subject = subject.merging(["new_tenant": made])
        return try await begin("restore", subject, secret: ["api_key": .string(key.secret)], context) { backups, _ in
            try await backups.restore(tenant, from: manifest.id, to: .new(new, name, key: key.record))
            return made
        }
    }

    private static func tenant(_ reader: ObjectReader?, isRequired: Bool = false) -> TenantID? {
        guard let text = reader?.string("tenant_id", required: isRequired) else { return nil }
        let tenant = TenantID(text)
        if tenant == nil { reader?.refuse("tenant_id", "invalid_format", "must be a tenant's id") }
        return tenant
    }

    private static func requireTenant(_ tenant: TenantID?, _ context: AdminContext) async throws {
        guard let tenant else { return }
        guard try await context.read({ sql in try TenantRepository(sql).find(tenant) }) != nil else {
            throw Problem.invalid([Violation(JSONPointer(["tenant_id"]), "unknown_tenant", "is no tenant's id")])
        }
    }

    /// Puts an operation on record and starts it.
    ///
    /// - Parameters:
    ///   - subject: what it is about, shown with it.
    ///   - secret: shown in this answer and kept nowhere.
    private static func begin(
        _ kind: String, _ subject: JSON, secret: JSON = [:], _ context: AdminContext,
        _ body: @escaping BackupWork.Body
    ) async throws -> Reply {
        let work = try work(context)
        let now = context.platform.surroundings.now()
        let initial: JSON = ["kind": .string(kind), "state": "running"]
        let record = BackupOperationRecord(
            id: BackupOperationID(from: context.platform.surroundings), document: initial.merging(subject),
            startedAt: now, updatedAt: now)
        let reply = try await context.write { sql in
            try BackupWork.begin(record, sql, at: now)
            var reply = Reply.object(record.json(at: now).merging(secret)).withSecret()
            reply.status = 202
            reply.headers.append(("Location", "/api/v1/backups/operations/\(record.id)"))
            return Change(
                reply,
                audit: [
                    AuditNote(
                        "backup.\(kind)", target: record.id.text,
                        tenant: subject["tenant_id"]?.string.flatMap { TenantID($0) }, detail: subject)
                ])
        }
        if !reply.isReplayed { work.start(record, on: context.platform, body) }
        return reply
    }
}

extension BackupOperationRecord {
    /// What is known of it at a moment: one whose node has not been heard of for a while has failed.
    func json(at now: Timestamp) -> JSON {
        var object: JSONObject = ["id": .string(id.text)]
        for name in ["kind", "state", "backup_id", "tenant_id", "new_tenant", "progress", "result", "error"] {
            object[name] = document[name] ?? .null
        }
        if document["state"] == "running", now - updatedAt > BackupWork.patience {
            object["state"] = "failed"
            object["error"] = "the node that worked on it has gone away"
        }
        object["started_at"] = .string(startedAt.rfc3339)
        object["updated_at"] = .string(updatedAt.rfc3339)
        return .object(object)
    }
}

extension Backups.Entry {
    /// For lists.
    package var overview: JSON { manifest?.overview ?? ["id": .string(id), "complete": false] }
}

extension BackupManifest {
    /// For lists and answers.
    package var overview: JSON {
        [
            "id": .string(id), "created_at": .string(createdAt.rfc3339),
            "of": .string(isWhole ? "everything" : tenants.first.map { "\($0.id)" } ?? ""), "complete": true,
            "parts": JSON(parts.count), "rows": JSON(parts.reduce(0) { $0 + $1.summary.rows }),
            "files": JSON(parts.reduce(0) { $0 + $1.summary.objects }), "size": JSON(size), "key_id": JSON(keyID),
            "skipped": .array(skipped.map { ["tenant_id": .string($0.tenant.text), "reason": .string($0.reason)] }),
        ]
    }
}
