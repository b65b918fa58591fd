package import Domain
import Persistence

extension ControlPlane {
    /// Whether `secret` is a live key of `tenant`: what the data plane asks for workspaces that require a key. A database
    /// that does not answer counts as no.
    package func accepts(_ secret: String, tenant: TenantID) async -> Bool {
        guard let secret = APIKeySecret(secret) else { return false }
        let now = platform.surroundings.now()
        let keys = try? await platform.database.read(.platform) { sql in
            try APIKeyRepository(sql).find(lookupPrefix: secret.lookupPrefix)
        }
        return (keys ?? []).contains { key in
            key.tenantID == tenant && key.isLive(at: now) && ConstantTime.equal(key.hash, secret.hash)
        }
    }
}
