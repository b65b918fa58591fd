import Domain
import Persistence
import Synchronization
import Testing

@Suite struct `In-process announcements` {
    let acme = TenantID("acme000001")!

    private final class Record: Sendable {
        private let state = Mutex((running: 0, mostAtOnce: 0, seen: [Announcement]()))

        var seen: [Announcement] { state.withLock { $0.seen } }
        var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

        func handle(_ announcement: Announcement) async {
            state.withLock {
                $0.running += 1
                $0.mostAtOnce = max($0.mostAtOnce, $0.running)
            }
            for _ in 0..<5 { await Task.yield() }
            state.withLock {
                $0.running -= 1
                $0.seen.append(announcement)
            }
        }
    }

    @Test func `publishing returns when every subscriber has acted`() async {
        let announcements = InProcessAnnouncements()
        let records = [Record(), Record()]
        for record in records { announcements.subscribe { await record.handle($0) } }
        await announcements.publish(.tenantChanged(acme))
        for record in records { #expect(record.seen == [.tenantChanged(acme)]) }
    }

    @Test func `a subscriber gets one at a time, and misses none`() async {
        let announcements = InProcessAnnouncements()
        let record = Record()
        announcements.subscribe { await record.handle($0) }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { await announcements.publish(.tenantChanged(acme)) } }
        }
        #expect(record.mostAtOnce == 1)
        #expect(record.seen.count == 20)
    }
}
