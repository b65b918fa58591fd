#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How much of a core a thread gets where others want the same core.
package enum ThreadPriority {
    /// Puts the calling thread behind those that answer requests: it has what they leave, and about a quarter of a core that
    /// they keep busy. For good, since taking it back is a privilege.
    package static func lower() {
        #if canImport(Glibc)
            // On Linux a thread has a priority of its own, and 0 is the thread that asks.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
        #else
            setpriority(PRIO_DARWIN_THREAD, 0, PRIO_DARWIN_BG)
        #endif
    }
}
