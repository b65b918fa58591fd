import Domain
import Persistence

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A counter file whose process is gone, held by this one. It is read, not mapped: a file that somebody cuts short must
/// not fault.
final class OrphanedCounterFile {
    struct Window {
        let tenant: TenantID
        let sequence: Int
        let records: [UsageRecord]
        fileprivate let slots: [Int]
    }

    private struct Group: Hashable {
        let tenant: TenantID
        let sequence: Int
    }

    let path: String
    let node: String
    /// Slots in use whose name makes no sense.
    private(set) var damagedSlots = 0
    /// Whether the last slot is not there whole.
    let isTruncated: Bool
    private var sequence: Int
    private let descriptor: Int32
    private var entries: [(slot: Int, state: CounterSlot.State, tenant: TenantID, record: UsageRecord)] = []

    /// Nil when the file's process lives, or the file is gone by now.
    init?(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw CounterFile.Failure("opened", path, number: errno)
        }
        var isKept = false
        defer { if !isKept { close(descriptor) } }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
        // Between opening and locking, another process may have written it down and removed it.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else { return nil }
        let head = try Self.head(descriptor)
        self.path = path
        self.descriptor = descriptor
        node = head.node
        sequence = head.sequence
        let body = Int(status.st_size) - CounterFileHead.size
        isTruncated = body % CounterFile.segmentBytes != 0
        try readSlots(count: body / CounterSlot.size, version: head.version)
        isKept = true
    }

    deinit { close(descriptor) }

    private static func head(_ descriptor: Int32) throws -> CounterFileHead {
        let page = UnsafeMutableRawBufferPointer.allocate(byteCount: CounterFileHead.size, alignment: 64)
        defer { page.deallocate() }
        let count = max(0, pread(descriptor, page.baseAddress, page.count, 0))
        return try CounterFileHead(UnsafeRawBufferPointer(rebasing: page[..<count]))
    }

    private func readSlots(count: Int, version: UInt32) throws {
        let segment = UnsafeMutableRawBufferPointer.allocate(byteCount: CounterFile.segmentBytes, alignment: 64)
        defer { segment.deallocate() }
        for first in stride(from: 0, to: count, by: CounterFile.segmentSlots) {
            let read = pread(descriptor, segment.baseAddress, segment.count, Self.offset(first))
            guard read >= 0, let base = segment.baseAddress else {
                throw CounterFile.Failure("read", path, number: errno)
            }
            for index in 0..<read / CounterSlot.size {
                let slot = CounterSlot(base: base + index * CounterSlot.size, isInFile: true)
                if slot.state == .free { continue }
                if version == CounterFileHead.firstVersion { slot.moveNameBehindDurations() }
                guard let (tenant, record) = slot.contents else {
                    damagedSlots += 1
                    continue
                }
                if record.requests > 0 { entries.append((first + index, slot.state, tenant, record)) }
            }
        }
    }

    /// All windows by rising number; what was in none yet gets numbers first.
    func windows() throws -> [Window] {
        let highest = entries.reduce(sequence) { highest, entry in
            if case .inWindow(let number) = entry.state { max(highest, number) } else { highest }
        }
        let unnumbered = Set(entries.filter { $0.state == .open }.map(\.tenant)).sorted()
        if !unnumbered.isEmpty {
            sequence = highest + unnumbered.count
            try write(UInt64(sequence), at: off_t(CounterFileHead.Offset.sequence))
            let numbers = Dictionary(uniqueKeysWithValues: zip(unnumbered, highest + 1...sequence))
            for index in entries.indices where entries[index].state == .open {
                guard let number = numbers[entries[index].tenant] else { continue }
                entries[index].state = .inWindow(number)
                try write(CounterSlot.State.inWindow(number).stored, at: Self.offset(entries[index].slot))
            }
        }
        // A window that was being taken when the process died leaves two slots for one row.
        var windows: [Group: (rows: [TenantUsage.Key: UsageRecord], slots: [Int])] = [:]
        for entry in entries {
            guard case .inWindow(let number) = entry.state else { continue }
            let group = Group(tenant: entry.tenant, sequence: number)
            let key = TenantUsage.Key(entry.record)
            let known = windows[group]?.rows[key]
            windows[group, default: ([:], [])].slots.append(entry.slot)
            windows[group]?.rows[key] = known?.adding(entry.record) ?? entry.record
        }
        return windows.map {
            Window(tenant: $0.tenant, sequence: $0.sequence, records: Array($1.rows.values), slots: $1.slots)
        }
        .sorted { ($0.sequence, $0.tenant.text) < ($1.sequence, $1.tenant.text) }
    }

    /// The ledger has the window, or never will.
    func release(_ window: Window) throws {
        for slot in window.slots { try write(CounterSlot.State.free.stored, at: Self.offset(slot)) }
    }

    func remove() { unlink(path) }

    private static func offset(_ slot: Int) -> off_t { off_t(CounterFileHead.size + slot * CounterSlot.size) }

    private func write(_ value: UInt64, at offset: off_t) throws {
        var value = value
        guard pwrite(descriptor, &value, 8, offset) == 8 else {
            throw CounterFile.Failure("written", path, number: errno)
        }
    }
}
