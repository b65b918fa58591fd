import Domain
import Persistence
import TestSupport
import Testing

/// What every driver of `Journal` promises.
@Suite struct `Journal contract` {
    let surroundings = TestSurroundings()
    let acme = TenantID("acme000001")!
    let other = TenantID("other00001")!
    let workspace: WorkspaceID

    init() { workspace = WorkspaceID(from: surroundings.surroundings) }

    private func entry(status: Int = 200) -> JournalEntry {
        JournalEntry(
            id: JournalID(from: surroundings.surroundings), receivedAt: surroundings.now, method: "GET", host: "h",
            path: "/", query: nil, headers: [], body: "", isBodyTruncated: false, status: status, mockID: nil,
            routeID: nil, durationMicroseconds: 1)
    }

    @Test(arguments: JournalDriver.all)
    func `entries are read newest first, from a place on, and filtered`(_ driver: JournalDriver) async throws {
        let journal = try await driver.makeJournal()
        let entries = (0..<250).map { entry(status: $0 % 2 == 0 ? 200 : 404) }
        for entry in entries { journal.append(entry, tenant: acme, workspace: workspace) }
        let newest = try await journal.entries(tenant: acme, workspace: workspace, before: nil, limit: 3) { _ in true }
        #expect(newest == [entries[249], entries[248], entries[247]])
        let older = try await journal.entries(
            tenant: acme, workspace: workspace, before: entries[101].id, limit: 1000
        ) { _ in true }
        #expect(older == entries[..<101].reversed())
        let missed = try await journal.entries(tenant: acme, workspace: workspace, before: nil, limit: 2) {
            $0.status == 404
        }
        #expect(missed == [entries[249], entries[247]])
    }

    @Test(arguments: JournalDriver.all)
    func `tenants and workspaces have journals of their own`(_ driver: JournalDriver) async throws {
        let journal = try await driver.makeJournal()
        journal.append(entry(), tenant: acme, workspace: workspace)
        let elsewhere = WorkspaceID(from: surroundings.surroundings)
        for (tenant, workspace) in [(other, workspace), (acme, elsewhere)] {
            #expect(
                try await journal.entries(tenant: tenant, workspace: workspace, before: nil, limit: 9) { _ in true }
                    .isEmpty)
        }
    }

    @Test(arguments: JournalDriver.all)
    func `a cleared journal is empty and goes on`(_ driver: JournalDriver) async throws {
        let journal = try await driver.makeJournal()
        journal.append(entry(), tenant: acme, workspace: workspace)
        try await journal.clear(tenant: acme, workspace: workspace)
        let next = entry()
        journal.append(next, tenant: acme, workspace: workspace)
        #expect(
            try await journal.entries(tenant: acme, workspace: workspace, before: nil, limit: 9) { _ in true }
                == [next])
    }

    @Test(arguments: JournalDriver.all)
    func `a stream shows what comes after it began`(_ driver: JournalDriver) async throws {
        let journal = try await driver.makeJournal()
        journal.append(entry(), tenant: acme, workspace: workspace)
        let stream = journal.stream(tenant: acme, workspace: workspace)
        let entries = [entry(), entry()]
        for entry in entries { journal.append(entry, tenant: acme, workspace: workspace) }
        journal.append(entry(), tenant: other, workspace: workspace)
        try await journal.remove(tenant: acme)
        var seen: [JournalEntry] = []
        for await entry in stream { seen.append(entry) }
        #expect(seen == entries)
    }

    @Test(arguments: JournalDriver.all)
    func `a removed tenant's entries are gone`(_ driver: JournalDriver) async throws {
        let journal = try await driver.makeJournal()
        journal.append(entry(), tenant: acme, workspace: workspace)
        let kept = entry()
        journal.append(kept, tenant: other, workspace: workspace)
        try await journal.remove(tenant: acme)
        #expect(
            try await journal.entries(tenant: acme, workspace: workspace, before: nil, limit: 9) { _ in true }.isEmpty)
        #expect(
            try await journal.entries(tenant: other, workspace: workspace, before: nil, limit: 9) { _ in true }
                == [kept])
    }
}
