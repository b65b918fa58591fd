import Domain
import JSON
import Metering
import MockEngine
import Persistence
import TestSupport
import Testing

@testable import DataPlane

@Suite(.timeLimit(.minutes(10))) struct TenantDirectoryTests {
    private let acme = TenantReference(.subdomain, "acme")

    @Test func `a tenant is found by id, by subdomain, and by either`() async throws {
        let hosting = try await Hosting()
        let references: [TenantReference] = [
            TenantReference(.id, "acme000001"), acme, TenantReference(.either, "acme"),
            TenantReference(.either, "acme000001"),
        ]
        for reference in references {
            #expect(try await hosting.plane.directory.load(reference)?.id == hosting.tenant)
        }
        #expect(try await hosting.plane.directory.load(TenantReference(.id, "acme")) == nil)
        #expect(try await hosting.plane.directory.load(TenantReference(.subdomain, "acme000001")) == nil)
    }

    @Test func `a known tenant is looked up without reading`() async throws {
        let hosting = try await Hosting()
        _ = try await hosting.plane.directory.load(acme)
        let reads = hosting.gate.reads
        guard case .found = hosting.plane.directory.lookUp(acme, at: hosting.world.now) else {
            Issue.record("must be known")
            return
        }
        #expect(hosting.gate.reads == reads)
    }

    @Test func `an address without a tenant is not looked up again for a while`() async throws {
        let hosting = try await Hosting()
        let never = TenantReference(.subdomain, "never")
        #expect(try await hosting.plane.directory.load(never) == nil)
        guard case .absent = hosting.plane.directory.lookUp(never, at: hosting.world.now) else {
            Issue.record("must be known to be absent")
            return
        }
        hosting.world.advance(by: .seconds(6))
        guard case .unknown = hosting.plane.directory.lookUp(never, at: hosting.world.now) else {
            Issue.record("must be looked up again")
            return
        }
    }

    @Test func `those who ask for one tenant at the same time share one reading`() async throws {
        let hosting = try await Hosting()
        hosting.gate.hold()
        let before = hosting.gate.reads
        let first = Task { try await hosting.plane.directory.load(acme) }
        await hosting.gate.heldRead()
        let others = (0..<20).map { _ in Task { try await hosting.plane.directory.load(acme) } }
        hosting.gate.release()
        let tenant = try await first.value
        for other in others { #expect(try await other.value === tenant) }
        #expect(hosting.gate.reads - before <= 2)
    }

    @Test func `a record that changed while it was read is read again`() async throws {
        let hosting = try await Hosting()
        hosting.gate.hold()
        let loading = Task { try await hosting.plane.directory.load(acme) }
        await hosting.gate.heldRead()
        try await hosting.changeTenant { $0.status = .deleted }
        hosting.gate.release()
        #expect(try await loading.value == nil)
    }

    @Test func `a changed tenant keeps its object and so its rate window`() async throws {
        let hosting = try await Hosting()
        let before = try await hosting.plane.directory.load(acme)
        try await hosting.changeTenant { $0.plan = "professional" }
        guard case .unknown = hosting.plane.directory.lookUp(acme, at: hosting.world.now) else {
            Issue.record("must be read again")
            return
        }
        #expect(try await hosting.plane.directory.load(acme) === before)
        #expect(hosting.limiters.existing(hosting.tenant)?.standing(at: hosting.world.now).limit == 10_000)
    }

    @Test func `tenants that rest are let go when there are too many`() async throws {
        let hosting = try await Hosting { $0.maxTenants = 2 }
        let kept = try #require(try await hosting.plane.directory.load(acme))
        hosting.world.advance(by: .seconds(300))
        for index in 1...2 {
            try await hosting.addTenant(TenantID("more00000\(index)")!, "more-\(index)")
            _ = try await hosting.plane.directory.load(TenantReference(.subdomain, "more-\(index)"))
        }
        #expect(hosting.plane.directory.tenant(hosting.tenant) == nil)
        // Whoever has kept it must see that it is not the tenant any more: another one would count its requests anew.
        #expect(kept.currentAccess == .unknown)
        #expect(hosting.plane.directory.tenant(TenantID("more000002")!) != nil)
    }
}

@Suite(.timeLimit(.minutes(10))) struct SnapshotCacheTests {
    private func acme(_ hosting: Hosting) async throws -> HostedTenant {
        try #require(try await hosting.plane.directory.load(TenantReference(.subdomain, "acme")))
    }

    @Test func `the default workspace is one snapshot under both its names`() async throws {
        let hosting = try await Hosting()
        let tenant = try await acme(hosting)
        let snapshot = try await hosting.plane.snapshots.load(nil, of: tenant)
        guard case .found(let named) = hosting.plane.snapshots.lookUp("default", of: tenant, at: hosting.world.now)
        else {
            Issue.record("must be known by its slug")
            return
        }
        #expect(named === snapshot)
    }

    @Test func `the budget counts the replies that are kept ready`() async throws {
        let hosting = try await Hosting()
        for number in 0..<10 {
            try await hosting.addRoute("GET", "/r\(number)", body: .string(String(repeating: "b", count: 4000)))
        }
        let snapshot = try #require(try await hosting.plane.snapshots.load(nil, of: try await acme(hosting)))
        #expect(hosting.plane.snapshots.size == snapshot.approximateSize)
        #expect(snapshot.approximateSize > snapshot.workspace.approximateSize + 40_000)
    }

    @Test func `a workspace that is not there is remembered until something changes`() async throws {
        let hosting = try await Hosting()
        let tenant = try await acme(hosting)
        #expect(try await hosting.plane.snapshots.load("staging", of: tenant) == nil)
        guard case .absent = hosting.plane.snapshots.lookUp("staging", of: tenant, at: hosting.world.now) else {
            Issue.record("must be known to be absent")
            return
        }
        try await hosting.addWorkspace(
            WorkspaceID(from: hosting.world.surroundings), try #require(Slug("staging")), of: hosting.tenant)
        #expect(try await hosting.plane.snapshots.load("staging", of: tenant) != nil)
    }

    @Test func `a workspace that changed while it was read is read again`() async throws {
        let hosting = try await Hosting()
        let tenant = try await acme(hosting)
        hosting.gate.hold()
        let loading = Task { try await hosting.plane.snapshots.load(nil, of: tenant) }
        await hosting.gate.heldRead()
        try await hosting.addRoute("GET", "/late", body: "late")
        hosting.gate.release()
        let snapshot = try #require(try await loading.value)
        #expect(snapshot.workspace.allowedMethods(path: "/late") != nil)
    }

    @Test func `those who ask for one workspace at the same time share one reading`() async throws {
        let hosting = try await Hosting()
        let tenant = try await acme(hosting)
        hosting.gate.hold()
        let before = hosting.gate.reads
        let first = Task { try await hosting.plane.snapshots.load(nil, of: tenant) }
        await hosting.gate.heldRead()
        let others = (0..<20).map { _ in Task { try await hosting.plane.snapshots.load(nil, of: tenant) } }
        hosting.gate.release()
        _ = try await first.value
        for other in others { _ = try await other.value }
        // One who comes after the reading has ended reads once more.
        #expect(hosting.gate.reads - before <= 2)
    }

    @Test func `over the budget the snapshot used longest ago goes`() async throws {
        let hosting = try await Hosting { $0.snapshotMemory = 6000 }
        let tenant = try await acme(hosting)
        try await hosting.addWorkspace(
            WorkspaceID(from: hosting.world.surroundings), try #require(Slug("staging")), of: hosting.tenant)
        _ = try await hosting.plane.snapshots.load(nil, of: tenant)
        hosting.world.advance(by: .seconds(1))
        _ = try await hosting.plane.snapshots.load("staging", of: tenant)
        guard case .unknown = hosting.plane.snapshots.lookUp(nil, of: tenant, at: hosting.world.now) else {
            Issue.record("must have been let go")
            return
        }
        guard case .found = hosting.plane.snapshots.lookUp("staging", of: tenant, at: hosting.world.now) else {
            Issue.record("must have stayed")
            return
        }
    }
}
