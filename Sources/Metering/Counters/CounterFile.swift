import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Counters that outlive the process: a file mapped into memory, of which the system keeps every byte written when the
/// process is killed. A loss of power may lose what the system had not written to the disk yet.
///
/// The file is this process's alone while it lives (a lock says so) and is removed when nothing in it waits any more. It
/// grows in segments of 1 MiB, whose blocks are reserved first: a full disk must not fault a store. Growing is the
/// meter's background work; taking a slot only pops a list.
package final class CounterFile: Sendable {
    /// Slots in a segment.
    static let segmentSlots = 4096
    static let segmentBytes = segmentSlots * CounterSlot.size
    static let suffix = ".counters"

    /// Why there is no file to count in.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(_ action: String, _ path: String, number: Int32) {
            description = "\(path) cannot be \(action): \(String(cString: strerror(number)))"
        }
    }

    /// A mapped part of the file. The slots in it are handed out one by one, each to one owner.
    private struct Mapping: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
    }

    private struct State {
        var free: [CounterSlot] = []
        var segments: [Mapping] = []
    }

    package let path: String
    let node: String
    private let maxSegments: Int
    private let descriptor: Int32
    private let head: Mapping
    private let state: Mutex<State>
    private let freeCount = Atomic<Int>(0)

    /// Creates the file in `folder`, which must exist, and locks it.
    ///
    /// - Parameters:
    ///   - node: names the process run; `[a-z0-9]`, at most 32 characters.
    ///   - maxBytes: how far the file may grow.
    package init(folder: String, node: String, maxBytes: Int = 64 << 20) throws(Failure) {
        // Under a name that nobody looks for until it is locked and has a first page.
        let path = "\(folder)/\(node)\(Self.suffix)"
        let draft = path + ".new"
        let descriptor = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("created", path, number: errno) }
        let page: UnsafeMutableRawPointer
        do throws(Failure) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Failure("locked", path, number: errno) }
            page = try Self.map(descriptor, at: 0, count: CounterFileHead.size, path)
            CounterFileHead(node: node).write(to: page)
            guard rename(draft, path) == 0 else { throw Failure("named", path, number: errno) }
        } catch {
            unlink(draft)
            close(descriptor)
            throw error
        }
        self.path = path
        self.node = node
        self.descriptor = descriptor
        maxSegments = max(1, maxBytes / Self.segmentBytes)
        head = Mapping(base: page)
        state = Mutex(State())
        grow()
    }

    deinit {
        for segment in state.withLock({ $0.segments }) { munmap(segment.base, Self.segmentBytes) }
        munmap(head.base, CounterFileHead.size)
        close(descriptor)
    }

    /// A slot to count in; nil when none is free at the moment.
    func take() -> CounterSlot? {
        let slot = state.withLock { $0.free.popLast() }
        if slot != nil { freeCount.subtract(1, ordering: .relaxed) }
        return slot
    }

    func release(_ slots: [CounterSlot]) {
        for slot in slots { slot.mark(.free) }
        state.withLock { $0.free.append(contentsOf: slots) }
        freeCount.add(slots.count, ordering: .relaxed)
    }

    /// The number of the next window; a number is never given twice, not even to a later reader of the file.
    func nextSequence() -> Int {
        let sequence = (head.base + CounterFileHead.Offset.sequence).assumingMemoryBound(to: Atomic<UInt64>.self)
        return Int(sequence.pointee.add(1, ordering: .sequentiallyConsistent).newValue)
    }

    /// Whether slots may soon run out.
    var isLow: Bool { freeCount.load(ordering: .relaxed) < Self.segmentSlots / 4 }

    /// Bytes of the file.
    package var size: Int { state.withLock { CounterFileHead.size + $0.segments.count * Self.segmentBytes } }

    /// Adds a segment.
    ///
    /// - Returns: false when the file may not grow further or the disk is full.
    @discardableResult
    func grow() -> Bool {
        let count = state.withLock { $0.segments.count }
        guard count < maxSegments else { return false }
        let offset = CounterFileHead.size + count * Self.segmentBytes
        guard let base = try? Self.map(descriptor, at: offset, count: Self.segmentBytes, path) else { return false }
        // The first are taken first, so that a quiet process touches few pages.
        let slots = (0..<Self.segmentSlots).reversed().map {
            CounterSlot(base: base + $0 * CounterSlot.size, isInFile: true)
        }
        state.withLock { state in
            state.segments.append(Mapping(base: base))
            state.free.insert(contentsOf: slots, at: 0)
        }
        freeCount.add(slots.count, ordering: .relaxed)
        return true
    }

    /// Removes the file unless something in it still waits for the ledger.
    func removeIfIdle() {
        let isIdle = state.withLock { $0.free.count == $0.segments.count * Self.segmentSlots }
        if isIdle { unlink(path) }
    }

    private static func map(
        _ descriptor: Int32, at offset: Int, count: Int, _ path: String
    ) throws(Failure) -> UnsafeMutableRawPointer {
        // Without its blocks a store into the file would fault when the disk is full.
        #if canImport(Glibc)
            let number = posix_fallocate(descriptor, off_t(offset), off_t(count))
        #else
            let number = ftruncate(descriptor, off_t(offset + count)) == 0 ? 0 : errno
        #endif
        guard number == 0 else { throw Failure("extended", path, number: number) }
        let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, off_t(offset))
        guard let address, address != MAP_FAILED else { throw Failure("mapped", path, number: errno) }
        return address
    }
}
