package import Domain
import Persistence

/// The steps by which a tenant comes into being, in order. Each may run twice.
package enum ProvisioningStep: Int, Sendable, CaseIterable {
    /// The body is checked and the run is on record; from here on a retry takes up the same run.
    case validate = 1
    /// The tenant's database schema.
    case schema
    /// The tenant's row, invisible until the end; claims the subdomain.
    case record
    case defaultWorkspace
    case storage
    /// The key, and in the same transaction the mail, the audit row, the stored answer and the active status.
    case apiKey
    case welcomeMail
}

/// Called after each step of provisioning, for tests that break a run off. Throwing ends the run as a crash would.
package typealias ProvisioningObserver = @Sendable (ProvisioningStep, TenantID) async throws -> Void

extension ProvisioningRecord {
    /// In `completedSteps`: the tenant is to be taken down. The row goes last, so a crash never leaves an orphan that
    /// nothing remembers.
    static let teardown = -1

    var isTeardown: Bool { completedSteps == Self.teardown }
}
