import Domain
import Synchronization
import Testing

@testable import ControlPlane

/// What closures on several threads share.
private final class Observed: Sendable {
    let running = Atomic(0)
    let most = Atomic(0)
    let refused = Atomic(0)
    let isOpen = Atomic(false)
}

struct ImportThreadsTests {
    private let observed = Observed()
    private let threads = ImportThreads()
    private let tenant = TenantID(from: .system)

    @Test func `a tenant's files are read one at a time`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<ImportThreads.maxWaiting {
                group.addTask {
                    try await threads.run(for: tenant) {
                        let count = observed.running.add(1, ordering: .sequentiallyConsistent).newValue
                        observed.most.max(count, ordering: .sequentiallyConsistent)
                        observed.running.subtract(1, ordering: .sequentiallyConsistent)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(observed.most.load(ordering: .sequentiallyConsistent) == 1)
    }

    @Test func `one tenant's long file does not hold up another's`() async throws {
        let gate = AsyncStream<Void>.makeStream()
        async let long: Void = threads.run(for: tenant) {
            gate.continuation.finish()
            while !observed.isOpen.load(ordering: .acquiring) {}
        }
        for await _ in gate.stream {}
        #expect(try await threads.run(for: TenantID(from: .system)) { 7 } == 7)
        observed.isOpen.store(true, ordering: .releasing)
        try await long
    }

    @Test func `a tenant with too many waiting files is told to come back`() async throws {
        let gate = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await threads.run(for: tenant) {
                    gate.continuation.finish()
                    while !observed.isOpen.load(ordering: .acquiring) {}
                }
            }
            for await _ in gate.stream {}
            for _ in 0...ImportThreads.maxWaiting {
                group.addTask {
                    do {
                        try await threads.run(for: tenant) {}
                    } catch let problem as Problem where problem.code == "too_many_imports" {
                        observed.refused.add(1, ordering: .sequentiallyConsistent)
                        observed.isOpen.store(true, ordering: .releasing)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(observed.refused.load(ordering: .sequentiallyConsistent) == 1)
    }

    @Test func `a failure reaches its own caller and the next file is read`() async throws {
        await #expect(throws: Problem.self) {
            try await threads.run(for: tenant) { throw Problem.notFound("file") }
        }
        #expect(try await threads.run(for: tenant) { 1 } == 1)
    }
}
