import Domain
import Persistence
import Testing

@testable import PostgresDriver

@Suite struct `Work schedule` {
    let acme = DatabaseScope.tenant(TenantID("acme000001")!)
    let other = DatabaseScope.tenant(TenantID("other00001")!)
    let third = DatabaseScope.tenant(TenantID("third00001")!)

    private func work(_ id: UInt64, _ scope: DatabaseScope, isWrite: Bool = false) -> WorkSchedule.Work {
        WorkSchedule.Work(id: id, scope: scope, isWrite: isWrite)
    }

    private func schedule(size: Int = 4, tenants: Int = 100, _ works: WorkSchedule.Work...) -> WorkSchedule {
        var schedule = WorkSchedule(size: size, tenantsPerConnection: tenants)
        for work in works { admit(schedule.enqueue(work)) }
        return schedule
    }

    /// `#expect` copies what it looks at, which a mutating call does not bear.
    private func admit(_ condition: Bool, _ location: SourceLocation = #_sourceLocation) {
        #expect(condition, sourceLocation: location)
    }

    private func expectDrain(
        _ schedule: inout WorkSchedule, _ ids: [UInt64], _ location: SourceLocation = #_sourceLocation
    ) {
        let drained = drain(&schedule)
        #expect(drained == ids, sourceLocation: location)
    }

    private func drain(_ schedule: inout WorkSchedule) -> [UInt64] {
        var ids: [UInt64] = []
        while let assignment = schedule.next() { ids.append(assignment.id) }
        return ids
    }

    @Test func `no more runs than there are connections`() {
        var schedule = schedule(size: 2, work(1, .platform), work(2, .platform), work(3, .platform))
        expectDrain(&schedule, [1, 2])
        schedule.finish(work(1, .platform), worker: 0)
        expectDrain(&schedule, [3])
    }

    @Test func `one schema has one writer at a time, and readers beside it`() {
        var schedule = schedule(
            work(1, acme, isWrite: true), work(2, acme, isWrite: true), work(3, acme), work(4, other, isWrite: true))
        expectDrain(&schedule, [1, 3, 4])
        schedule.finish(work(1, acme, isWrite: true), worker: 0)
        expectDrain(&schedule, [2])
    }

    @Test func `a tenant takes no more than half of the connections`() {
        var schedule = schedule(work(1, acme), work(2, acme), work(3, acme), work(4, other))
        expectDrain(&schedule, [1, 2, 4])
        schedule.finish(work(4, other), worker: 2)
        expectDrain(&schedule, [])
        schedule.finish(work(1, acme), worker: 0)
        expectDrain(&schedule, [3])
    }

    @Test func `a tenant cannot fill the queue`() {
        var schedule = WorkSchedule(size: 1, tenantsPerConnection: 10)
        var accepted = 0
        while schedule.enqueue(work(UInt64(accepted), acme)) { accepted += 1 }
        #expect(accepted == schedule.maxWaiting / 8)
        admit(schedule.enqueue(work(9999, other)))
    }

    @Test func `a full queue refuses`() {
        var schedule = WorkSchedule(size: 1, tenantsPerConnection: 10)
        for id in 0..<UInt64(schedule.maxWaiting) { admit(schedule.enqueue(work(id, .platform))) }
        admit(!schedule.enqueue(work(9999, .platform)))
    }

    @Test func `a tenant gets the connection that knows it`() {
        var schedule = schedule(work(1, acme), work(2, other))
        let first = schedule.next()
        let second = schedule.next()
        schedule.finish(work(1, acme), worker: 0)
        schedule.finish(work(2, other), worker: 1)
        #expect(first?.worker == 0 && second?.worker == 1)
        admit(schedule.enqueue(work(3, acme)))
        let third = schedule.next()
        #expect(third == WorkSchedule.Assignment(id: 3, worker: 0, recycles: false))
    }

    @Test func `a connection that has served its number of tenants is opened anew`() {
        var schedule = schedule(size: 1, tenants: 2)
        var recycled: [Bool] = []
        for (id, scope) in [acme, other, acme, .platform, third, other].enumerated() {
            admit(schedule.enqueue(work(UInt64(id), scope)))
            recycled.append(schedule.next()?.recycles ?? false)
            schedule.finish(work(UInt64(id), scope), worker: 0)
        }
        #expect(recycled == [false, false, false, false, true, false])
    }

    @Test func `what was taken back does not run`() {
        var schedule = schedule(work(1, .platform), work(2, .platform))
        admit(schedule.remove(1))
        admit(!schedule.remove(1))
        expectDrain(&schedule, [2])
    }

    @Test func `the pauses between attempts to connect grow to two seconds`() {
        #expect(
            (1...7).map { Reachability.pause(after: $0) }
                == [100, 200, 400, 800, 1600, 2000, 2000].map { Duration.milliseconds($0) })
    }
}
