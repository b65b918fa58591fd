import Domain
import Persistence
import Synchronization
import Testing

/// What every driver of `Announcements` promises.
@Suite struct `Announcements contract` {
    let tenant = TenantID("acme000001")!

    @Test(arguments: AnnouncementsDriver.all)
    func `publishing returns when every subscriber here has acted`(_ driver: AnnouncementsDriver) async throws {
        let announcements = try await driver.makeAnnouncements()
        let heard = Mutex<[String]>([])
        for name in ["a", "b"] {
            announcements.subscribe { announcement in
                await Task.yield()
                heard.withLock { $0.append("\(name) \(announcement)") }
            }
        }
        await announcements.publish(.tenantChanged(tenant))
        let announcement = Announcement.tenantChanged(tenant)
        #expect(heard.withLock { $0.sorted() } == ["a \(announcement)", "b \(announcement)"])
    }

    @Test(arguments: AnnouncementsDriver.all)
    func `a subscriber gets each announcement once, one at a time`(_ driver: AnnouncementsDriver) async throws {
        let announcements = try await driver.makeAnnouncements()
        let workspaces = (0..<50).map { _ in WorkspaceID(from: .system) }
        let state = Mutex((isBusy: false, overlapped: false, heard: [Announcement]()))
        announcements.subscribe { announcement in
            state.withLock { state in
                if state.isBusy { state.overlapped = true }
                state.isBusy = true
            }
            await Task.yield()
            state.withLock { state in
                state.isBusy = false
                state.heard.append(announcement)
            }
        }
        await withTaskGroup { group in
            for workspace in workspaces {
                group.addTask { await announcements.publish(.mocksChanged(tenant, workspace)) }
            }
        }
        let (overlapped, heard) = state.withLock { ($0.overlapped, $0.heard) }
        #expect(!overlapped)
        #expect(heard.count == 50)
        #expect(Set(heard) == Set(workspaces.map { Announcement.mocksChanged(tenant, $0) }))
    }
}
