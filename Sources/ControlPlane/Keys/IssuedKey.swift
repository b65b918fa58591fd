package import Domain
package import Persistence

/// An API key that was just made: what is stored of it, and its text, which is shown once.
package struct IssuedKey: Sendable {
    package let record: APIKeyRecord
    package let secret: String

    package init(of tenant: TenantID, named name: String, _ scope: Scope, _ surroundings: Surroundings) {
        let secret = APIKeySecret(from: surroundings)
        record = secret.record(
            tenant: tenant, name: name, scope: scope, expiresAt: nil, at: surroundings.now(), surroundings)
        self.secret = secret.text
    }
}
