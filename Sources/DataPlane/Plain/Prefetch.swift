import CPrefetch

/// Has the beginning of an object brought near, while others are still on their way.
@inline(__always)
func bringNear(_ object: AnyObject) {
    let start = UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
    mockforge_prefetch(start)
    mockforge_prefetch(start + 64)
}
