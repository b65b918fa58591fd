/// A piece of memory that somebody will need. Only to be brought near, never to be read: nobody keeps what was in it.
package struct MemoryPiece: @unchecked Sendable {
    package let start: UnsafeRawPointer
    package let byteCount: Int

    package init(_ start: UnsafeRawPointer, byteCount: Int) {
        self.start = start
        self.byteCount = byteCount
    }

    /// The first bytes that an object keeps.
    ///
    /// - Parameter isCounted: whether references to it are counted, which is done in what stands before them.
    package init(_ object: AnyObject, byteCount: Int, isCounted: Bool = false) {
        let start = UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
        let headerLength = 16
        self =
            isCounted
            ? MemoryPiece(start, byteCount: headerLength + byteCount)
            : MemoryPiece(start + headerLength, byteCount: byteCount)
    }

    /// Where its cache lines begin.
    package var lines: [UnsafeRawPointer] {
        let first = UnsafeRawPointer(bitPattern: UInt(bitPattern: start) & ~63) ?? start
        return stride(from: 0, to: start - first + byteCount, by: 64).map { first + $0 }
    }
}
