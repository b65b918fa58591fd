import Domain

/// An object that belongs to something larger. Whoever holds that uses the part without counting a reference, which is an
/// atomic operation in memory that most requests find in no cache, and has everything behind it wait.
struct Part<Object: AnyObject & Sendable>: ~Copyable, Sendable {
    private let object: Unmanaged<Object>

    init(_ object: Object) { self.object = .passRetained(object) }

    deinit { object.release() }

    /// For whoever uses the object now and keeps it no longer than what it is a part of.
    @inline(__always)
    func use<Result>(_ body: (Object) -> Result) -> Result { object._withUnsafeGuaranteedRef(body) }

    /// For whoever keeps it.
    var reference: Object { object.takeUnretainedValue() }

    /// Its first bytes, to have them brought near.
    func piece(byteCount: Int) -> MemoryPiece { use { MemoryPiece($0, byteCount: byteCount) } }
}
