import CPrefetch

/// Where an object begins that its holder keeps alive: to have it brought near without a reference being counted, which
/// would wait for the very memory that is to be brought. Never read.
struct Neighbour: @unchecked Sendable {
    private let start: UnsafeRawPointer

    init(_ object: AnyObject) { start = UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque()) }

    init(_ start: UnsafeRawPointer) { self.start = start }

    /// Begins to bring the first two cache lines near.
    func bringNear() {
        mockforge_prefetch(start)
        mockforge_prefetch(start + 64)
    }
}
