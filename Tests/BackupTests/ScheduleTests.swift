import Backup
import ControlPlane
import Domain
import Foundation
import Logging
import Persistence
import TestSupport
import Testing

@Suite struct `Scheduled backups` {
    private func reconciler(_ site: Site, _ schedule: BackupSchedule, keeping count: Int = 3) -> BackupReconciler {
        let platform = Platform(
            database: site.database, announcements: site.announcements, objects: site.objects,
            journal: InProcessJournal(limits: JournalLimits()), sessions: InProcessSessions { .systemNow() },
            mailer: FolderMailer(site.folder.path + "/outbox"),
            surroundings: site.clock.surroundings, plans: PlanCatalog(Plan.standardPlans),
            addresses: PublicAddresses(scheme: "http", baseDomain: "localhost", port: 80),
            logger: Logger(label: "test"), version: "test")
        return BackupReconciler(
            platform: platform, backups: site.backups(), schedule: schedule, retention: BackupRetention(count: count))
    }

    @Test(arguments: DatabaseDriver.all)
    func `of several nodes one makes each, and the oldest go`(driver: DatabaseDriver) async throws {
        let site = Site(try await driver.open())
        try await site.makeTenant(acme, subdomain: "acme")
        let nodes = (0..<3).map { _ in reconciler(site, .every(.seconds(3600))) }
        for round in 1...5 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in nodes { group.addTask { try await node.reconcile() } }
                try await group.waitForAll()
            }
            #expect(try await site.backups().list().count == min(round, 3))
            site.clock.advance(by: .seconds(3599))
            try await nodes[0].reconcile()
            #expect(try await site.backups().list().count == min(round, 3), "it was not due yet")
            site.clock.advance(by: .seconds(1))
        }
    }

    @Test func `a node that died holds the next backup up only until its claim lapses`() async throws {
        let site = Site(try KeptDatabase())
        let now = site.clock.now
        let isClaimed = try await site.database.write(.platform) { sql in
            try ClaimRepository(sql).claim("backup", holder: "dead", last: nil, until: now + .seconds(600), at: now)
        }
        #expect(isClaimed)
        let node = reconciler(site, .every(.seconds(3600)))
        try await node.reconcile()
        #expect(try await site.backups().list().isEmpty)
        site.clock.advance(by: .seconds(600))
        try await node.reconcile()
        #expect(try await site.backups().list().count == 1)
    }

    @Test(arguments: [
        ("6h", BackupSchedule.every(.seconds(21_600))), ("30m", .every(.seconds(1800))),
        ("2d", .every(.seconds(172_800))),
        ("03:30", .daily(minute: 210)), ("00:00", .daily(minute: 0)),
    ])
    func `a schedule is an interval or a time of day`(text: String, schedule: BackupSchedule) {
        #expect(BackupSchedule(text) == schedule)
    }

    @Test(arguments: ["", "h", "0h", "-1h", "6", "6w", "24:00", "3:30", "03:60", "03:30:00"])
    func `anything else is none`(text: String) {
        #expect(BackupSchedule(text) == nil)
    }

    @Test func `a daily one is due once after its time`() throws {
        func at(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }
        let schedule = BackupSchedule.daily(minute: 210)
        #expect(schedule.isDue(at: at("2026-03-02T03:30:00Z"), last: at("2026-03-01T03:30:05Z")))
        #expect(!schedule.isDue(at: at("2026-03-02T03:29:59Z"), last: at("2026-03-01T03:30:05Z")))
        #expect(!schedule.isDue(at: at("2026-03-02T23:00:00Z"), last: at("2026-03-02T03:30:00Z")))
        #expect(schedule.isDue(at: at("2026-03-02T01:00:00Z"), last: at("2026-02-28T04:00:00Z")))
        #expect(schedule.isDue(at: at("2026-03-02T01:00:00Z"), last: nil))
    }
}
