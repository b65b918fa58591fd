import Synchronization

/// The heads of prepared replies, kept once for all snapshots: most workspaces answer most requests with the same few, which
/// are in the cache then.
package final class ReplyHeads: Sendable {
    /// The bytes of one, for as long as somebody keeps it.
    final class Head: Sendable {
        /// Where they begin: at a cache line.
        nonisolated(unsafe) let start: UnsafeRawPointer
        let count: Int

        fileprivate init(_ bytes: [UInt8]) {
            count = bytes.count
            let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, count), alignment: 64)
            UnsafeMutableRawBufferPointer(start: memory, count: count).copyBytes(from: bytes)
            start = UnsafeRawPointer(memory)
        }

        deinit { start.deallocate() }
    }

    private struct Kept {
        weak var head: Head?
    }

    private struct State {
        var kept: [[UInt8]: Kept] = [:]
        /// Those that nobody keeps any more are looked for when there are so many.
        var limit = 64
    }

    private let state = Mutex(State())

    package init() {}

    func head(_ bytes: [UInt8]) -> Head {
        state.withLock { state in
            if let head = state.kept[bytes]?.head { return head }
            let head = Head(bytes)
            state.kept[bytes] = Kept(head: head)
            if state.kept.count > state.limit {
                state.kept = state.kept.filter { $0.value.head != nil }
                state.limit = max(64, state.kept.count * 2)
            }
            return head
        }
    }

    /// How many are known.
    var count: Int { state.withLock { $0.kept.count } }
}
