import Domain
import Persistence

/// Who gets a connection next: the rules of the pool, without threads or time.
///
/// Work is taken first come, first served, but
/// - one schema has one writer at a time in this process, as the lock in the database would have the second one wait with a
///   connection in its hands;
/// - one tenant has at most half of the connections and a part of the queue, so that it cannot keep the others waiting.
struct WorkSchedule {
    struct Work: Hashable {
        let id: UInt64
        let scope: DatabaseScope
        let isWrite: Bool
    }

    struct Assignment: Equatable {
        let id: UInt64
        let worker: Int
        /// Whether the worker has to open a new connection, having served as many tenants as one may.
        let recycles: Bool
    }

    let size: Int
    let tenantsPerConnection: Int
    let maxWaiting: Int

    private(set) var waiting: [Work] = []
    private var running: [DatabaseScope: Int] = [:]
    private var writing: Set<DatabaseScope> = []
    /// Workers without work; the one that was used last comes last.
    private var idle: [Int] = []
    /// The tenants that each worker's connection has served.
    private var served: [Set<TenantID>] = []

    init(size: Int, tenantsPerConnection: Int) {
        self.size = size
        self.tenantsPerConnection = tenantsPerConnection
        maxWaiting = 200 * size
    }

    var workerCount: Int { served.count }
    var isIdle: Bool { waiting.isEmpty && running.isEmpty }

    private func limit(_ scope: DatabaseScope) -> Int { scope == .platform ? size : max(1, size / 2) }

    /// - Returns: false when too much waits already.
    mutating func enqueue(_ work: Work) -> Bool {
        guard waiting.count < maxWaiting else { return false }
        // Counted only when there is a crowd, since it takes time.
        if case .tenant = work.scope, waiting.count >= maxWaiting / 8,
            waiting.count(where: { $0.scope == work.scope }) >= maxWaiting / 8
        {
            return false
        }
        waiting.append(work)
        return true
    }

    /// - Returns: false when it does not wait: it runs, is over, or never was.
    mutating func remove(_ id: UInt64) -> Bool {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return false }
        waiting.remove(at: index)
        return true
    }

    mutating func removeAll() -> [UInt64] {
        defer { waiting = [] }
        return waiting.map(\.id)
    }

    /// The work to start now; nil when there is none or no worker is free.
    mutating func next() -> Assignment? {
        guard !idle.isEmpty || served.count < size else { return nil }
        guard let index = waiting.firstIndex(where: mayRun) else { return nil }
        let work = waiting.remove(at: index)
        running[work.scope, default: 0] += 1
        if work.isWrite { writing.insert(work.scope) }
        let worker = takeWorker(for: work.scope)
        var recycles = false
        if case .tenant(let tenant) = work.scope, !served[worker].contains(tenant) {
            recycles = served[worker].count >= tenantsPerConnection
            if recycles { served[worker] = [] }
            served[worker].insert(tenant)
        }
        return Assignment(id: work.id, worker: worker, recycles: recycles)
    }

    mutating func finish(_ work: Work, worker: Int) {
        let count = running[work.scope, default: 1] - 1
        running[work.scope] = count == 0 ? nil : count
        if work.isWrite { writing.remove(work.scope) }
        idle.append(worker)
    }

    private func mayRun(_ work: Work) -> Bool {
        if work.isWrite, writing.contains(work.scope) { return false }
        return running[work.scope, default: 0] < limit(work.scope)
    }

    /// A worker that knows the tenant, else the one used last, else a new one: few connections stay busy and warm.
    private mutating func takeWorker(for scope: DatabaseScope) -> Int {
        if case .tenant(let tenant) = scope,
            let index = idle.lastIndex(where: { served[$0].contains(tenant) })
        {
            return idle.remove(at: index)
        }
        if let worker = idle.popLast() { return worker }
        served.append([])
        return served.count - 1
    }
}
