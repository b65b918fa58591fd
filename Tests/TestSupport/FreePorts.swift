import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ports of the loopback interface that nobody has, each given out once in this process.
///
/// They are below those that the system gives to outgoing connections, one of which could else take a port before the
/// server that it was meant for has started. A node of a Redis cluster also listens 10,000 above its port, which is not
/// among those that are given out.
package enum FreePorts {
    private static let range = 12_000..<22_000
    private static let last = Mutex<Int?>(nil)

    package struct NoneLeft: Error {}

    package static func next() throws -> Int {
        for _ in range {
            let port = last.withLock { last in
                // Processes that run at the same time begin at different places.
                let next = last.map { $0 + 1 } ?? Int.random(in: range)
                last = range.contains(next) ? next : range.lowerBound
                return last ?? range.lowerBound
            }
            if isFree(port) { return port }
        }
        throw NoneLeft()
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
