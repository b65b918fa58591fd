#if canImport(Glibc)
    import CScheduler
#else
    import Darwin
#endif

/// How much of a core a thread gets where others want the same core.
package enum ThreadPriority {
    /// After how many nanoseconds a thread that was lowered lets others on. A request that comes waits no longer for it, and
    /// not for the millisecond and more that Linux gives each thread at a time.
    package static let slice: UInt64 = 100_000

    /// Puts the calling thread behind those that answer requests: it has what they leave, and about a quarter of a core that
    /// they keep busy. For good, since taking it back is a privilege.
    package static func lower() {
        #if canImport(Glibc)
            // A container may forbid it; then the thread works on as it is.
            _ = mockforge_schedule(5, slice)
        #else
            setpriority(PRIO_DARWIN_THREAD, 0, PRIO_DARWIN_BG)
        #endif
    }
}
