import Domain
import Foundation
import Metering
import Synchronization
import Testing

@Suite struct TenantThreadsTests {
    private let acme = TenantID("acme000001")!
    private let other = TenantID("other00001")!

    @Test func `another tenant's piece waits for at most one of the busy one's`() async throws {
        let threads = TenantThreads(threads: 1)
        let order = Order()
        let gate = DispatchSemaphore(value: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [acme] in try await threads.run(for: acme) { gate.wait() } }
            // The only thread is taken now; what follows waits in line.
            await self.waitUntil { threads.isBusy }
            for number in 1...20 {
                group.addTask { [acme] in
                    try await threads.run(for: acme) { order.note("acme \(number)") }
                }
            }
            await self.waitUntil { threads.waitingCount == 20 }
            group.addTask { [other] in
                try await threads.run(for: other) { order.note("other") }
            }
            await self.waitUntil { threads.waitingCount == 21 }
            gate.signal()
            try await group.waitForAll()
        }
        let place = try #require(order.list.firstIndex(of: "other"))
        #expect(place <= 1)
        #expect(order.list.count == 21)
    }

    @Test func `a tenant may have so many pieces waiting and no more`() async throws {
        let threads = TenantThreads(threads: 1, maxWaiting: 2)
        let gate = DispatchSemaphore(value: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [acme] in try await threads.run(for: acme) { gate.wait() } }
            await self.waitUntil { threads.isBusy }
            for _ in 1...2 { group.addTask { [acme] in try await threads.run(for: acme) {} } }
            await self.waitUntil { threads.waitingCount == 2 }
            await #expect(throws: TenantThreads.Overload.self) { try await threads.run(for: acme) {} }
            // Another one's place is its own.
            async let answer = threads.run(for: other) { 1 }
            gate.signal()
            #expect(try await answer == 1)
            try await group.waitForAll()
        }
    }

    @Test func `what the work throws reaches the caller`() async {
        struct Mishap: Error {}
        await #expect(throws: Mishap.self) { try await TenantThreads(threads: 2).run(for: acme) { throw Mishap() } }
    }

    private final class Order: Sendable {
        private let notes = Mutex<[String]>([])

        func note(_ text: String) { notes.withLock { $0.append(text) } }

        var list: [String] { notes.withLock { $0 } }
    }

    private func waitUntil(_ condition: @Sendable () -> Bool) async {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition(), ContinuousClock.now < deadline { await Task.yield() }
    }
}
