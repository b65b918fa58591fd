import NIOCore
import Synchronization

/// What the plain handlers of one event loop share, since only one of them works at a time.
final class PlainTools {
    /// A larger buffer is not kept.
    private static let maxKept = 256 * 1024

    let dates = DateBytes()
    let hosts: KnownHosts
    private var spare = ByteBuffer()

    init(baseDomain: String) { hosts = KnownHosts(baseDomain: baseDomain) }

    /// An empty buffer for replies: the memory of the last one when that has gone out.
    func takeOutput() -> ByteBuffer {
        var buffer = ByteBuffer()
        swap(&buffer, &spare)
        buffer.clear(minimumCapacity: 1024)
        return buffer
    }

    /// Keeps the buffer's memory for later; what it holds may still be on its way.
    func keep(_ buffer: ByteBuffer) {
        if buffer.capacity <= Self.maxKept { spare = buffer }
    }
}

/// The tools of all event loops.
final class PlainToolbox: Sendable {
    private struct Entry {
        let tools: NIOLoopBound<PlainTools>
        /// Kept, so that no other loop can take its place in memory.
        let loop: any EventLoop
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])
    private let baseDomain: String

    init(baseDomain: String) { self.baseDomain = baseDomain }

    /// Call it on the loop.
    func tools(of loop: any EventLoop) -> PlainTools {
        let key = ObjectIdentifier(loop)
        if let entry = entries.withLock({ $0[key] }) { return entry.tools.value }
        let entry = Entry(tools: NIOLoopBound(PlainTools(baseDomain: baseDomain), eventLoop: loop), loop: loop)
        entries.withLock { $0[key] = entry }
        return entry.tools.value
    }
}
