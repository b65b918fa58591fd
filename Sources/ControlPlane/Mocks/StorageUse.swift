import Domain
import Logging
import Persistence

extension TenantContext {
    /// Bytes that the tenant keeps: its schema and its objects.
    func storedBytes() async throws -> Int {
        let objects = try await platform.objects.list(prefix: "", tenant: tenant.id).reduce(0) { $0 + $1.size }
        return try await platform.database.size(of: tenant.id) + objects
    }

    /// Removes objects that no row names any more. A failure leaves them for the deletion of the tenant.
    func removeObjects(below prefix: String) async {
        do {
            for object in try await platform.objects.list(prefix: prefix, tenant: tenant.id) {
                try await platform.objects.delete(key: object.key, tenant: tenant.id)
            }
        } catch {
            noteLeftOver(prefix, error)
        }
    }

    /// As `removeObjects`, for one.
    func removeObject(_ key: String) async {
        do {
            try await platform.objects.delete(key: key, tenant: tenant.id)
        } catch {
            noteLeftOver(key, error)
        }
    }

    /// Runs what commits the rows that name objects just stored, and removes the objects again when no row names them.
    func keeping(_ keys: [String], if commit: () async throws -> Reply) async throws -> Reply {
        do {
            let reply = try await commit()
            // A repeated request got the answer of the first one, and what it brought is not named by anything.
            if reply.isReplayed { for key in keys { await removeObject(key) } }
            return reply
        } catch let problem as Problem {
            // After any other failure it is not known whether the row is there; the storage reconciler will see.
            for key in keys { await removeObject(key) }
            throw problem
        }
    }

    private func noteLeftOver(_ place: String, _ error: any Error) {
        request.logger.warning("objects could not be removed", metadata: ["place": "\(place)", "error": "\(error)"])
    }
}
