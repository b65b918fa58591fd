import CPrefetch
import Domain
import Persistence
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// 256 bytes in which one row of the ledger is counted: in a `CounterFile`, or on the heap when no file has room.
///
/// Only the tenant that took a slot writes it, under its own lock. The state is written last when a slot is taken and first
/// when it is let go, so that whoever finds the file after a crash never takes half a name for a whole one.
struct CounterSlot: @unchecked Sendable {
    static let size = 256
    /// What a sound file has below this: sums, and the numbers of windows.
    static let greatest = 1 << 56

    private enum Offset {
        static let state = 0
        static let requests = 8
        static let duration = 16
        static let longest = 24
        static let requestBytes = 32
        static let responseBytes = 40
        /// The shortest durations, which most requests have, are in one cache line with the sums.
        static let durations = 48
        static let name = 176
        static let minute = name
        static let statusClass = name + 8
        static let tenant = name + 9
        static let workspace = name + 24
        static let mock = name + 40
        static let route = name + 56
        static let checksum = name + 72
    }

    /// Brings a slot as files of version 1 have it, where the durations stand behind the name, into today's order.
    func moveNameBehindDurations() {
        let name = Array(UnsafeRawBufferPointer(start: base + Offset.durations, count: Self.size - Offset.name))
        memmove(base + Offset.durations, base + Offset.durations + name.count, Offset.name - Offset.durations)
        memcpy(base + Offset.name, name, name.count)
    }

    /// What the slot is doing, as the file spells it.
    enum State: Equatable {
        case free
        /// Counting.
        case open
        /// Taken for the ledger in the window with this number.
        case inWindow(Int)

        init(_ stored: UInt64) {
            switch stored {
            case 0: self = .free
            case 1: self = .open
            default: self = .inWindow(Int(clamping: stored - 1))
            }
        }

        var stored: UInt64 {
            switch self {
            case .free: 0
            case .open: 1
            case .inWindow(let number): UInt64(number) + 1
            }
        }
    }

    let base: UnsafeMutableRawPointer
    let isInFile: Bool

    /// Has the memory brought near in which most requests are counted: the sums, and durations up to 32 µs.
    func prefetch() { mockforge_prefetch(base) }

    /// A slot that dies with the process.
    static func onHeap() -> CounterSlot {
        CounterSlot(base: .allocate(byteCount: size, alignment: 64), isInFile: false)
    }

    /// Names what the slot counts and begins to count at zero.
    func begin(_ key: TenantUsage.Key, of tenant: TenantID) {
        memset(base, 0, Self.size)
        base.storeBytes(of: key.minute, toByteOffset: Offset.minute, as: Int64.self)
        base.storeBytes(of: UInt8(clamping: key.statusClass), toByteOffset: Offset.statusClass, as: UInt8.self)
        // The zeros behind the tenant reach into the workspace, which is written afterwards.
        tenant.writeLetters(to: base + Offset.tenant)
        key.workspaceID?.writeLetters(to: base + Offset.workspace)
        key.mockID?.writeLetters(to: base + Offset.mock)
        key.routeID?.writeLetters(to: base + Offset.route)
        base.storeBytes(of: checksum, toByteOffset: Offset.checksum, as: UInt64.self)
        mark(.open)
    }

    func mark(_ state: State) {
        let atomic = (base + Offset.state).assumingMemoryBound(to: Atomic<UInt64>.self)
        atomic.pointee.store(state.stored, ordering: .sequentiallyConsistent)
    }

    var state: State { State(load(Offset.state, UInt64.self)) }

    @inline(__always)
    func add(_ event: UsageEvent) {
        increase(Offset.requests, by: 1)
        increase(Offset.duration, by: event.durationMicroseconds)
        increase(Offset.requestBytes, by: event.requestBytes)
        increase(Offset.responseBytes, by: event.responseBytes)
        let longest = (base + Offset.longest).assumingMemoryBound(to: Int.self)
        longest.pointee = max(longest.pointee, event.durationMicroseconds)
        let bucket = DurationHistogram.bucket(of: event.durationMicroseconds)
        (base + Offset.durations).assumingMemoryBound(to: UInt32.self)[bucket] &+= 1
    }

    /// The tenant and the row, or nil when the slot is damaged.
    var contents: (tenant: TenantID, record: UsageRecord)? {
        let sums = [Offset.requests, Offset.duration, Offset.longest, Offset.requestBytes, Offset.responseBytes]
        guard load(Offset.checksum, UInt64.self) == checksum, load(Offset.state, UInt64.self) < Self.greatest,
            sums.allSatisfy({ (0..<Self.greatest).contains(load($0, Int.self)) }),
            let tenant = TenantID(text(Offset.tenant, 10)), let record = record()
        else { return nil }
        return (tenant, record)
    }

    /// The row alone; nil when the name is damaged.
    func record() -> UsageRecord? {
        let (workspace, mock, route) = (text(Offset.workspace, 16), text(Offset.mock, 16), text(Offset.route, 16))
        let workspaceID = WorkspaceID("ws_" + workspace)
        let mockID = MockID("mock_" + mock)
        let routeID = RouteID("route_" + route)
        guard workspaceID != nil || workspace.isEmpty, mockID != nil || mock.isEmpty, routeID != nil || route.isEmpty
        else { return nil }
        let durations = (0..<DurationHistogram.bucketCount).map { Int(load(Offset.durations + 4 * $0, UInt32.self)) }
        let minute = load(Offset.minute, Int64.self)
        guard let histogram = DurationHistogram(counts: durations), minute >= 0, minute < 1 << 40 else { return nil }
        return UsageRecord(
            minute: Timestamp(microseconds: minute * TenantUsage.minuteMicroseconds), workspaceID: workspaceID,
            mockID: mockID, routeID: routeID, statusClass: Int(load(Offset.statusClass, UInt8.self)),
            requests: load(Offset.requests, Int.self), durationMicroseconds: load(Offset.duration, Int.self),
            maxDurationMicroseconds: load(Offset.longest, Int.self), requestBytes: load(Offset.requestBytes, Int.self),
            responseBytes: load(Offset.responseBytes, Int.self), durations: histogram)
    }

    /// Gives the memory of a slot on the heap back.
    func deallocate() { if !isInFile { base.deallocate() } }

    @inline(__always)
    private func increase(_ offset: Int, by amount: Int) {
        (base + offset).assumingMemoryBound(to: Int.self).pointee &+= amount
    }

    private func load<Value>(_ offset: Int, _ type: Value.Type) -> Value {
        base.loadUnaligned(fromByteOffset: offset, as: type)
    }

    private func text(_ offset: Int, _ length: Int) -> String {
        let bytes = UnsafeRawBufferPointer(start: base + offset, count: length).prefix { $0 != 0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// FNV-1a over the name: what is counted may be torn by a crash, what it is counted for may not.
    private var checksum: UInt64 {
        UnsafeRawBufferPointer(start: base + Offset.minute, count: Offset.checksum - Offset.minute)
            .reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
