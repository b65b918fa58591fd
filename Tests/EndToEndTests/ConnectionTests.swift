import Foundation
import JSON
import Testing

extension EndToEnd {
    @Suite struct ConnectionTests {
        /// Here and not where the server is in the tests' own process: with both ends of them in one, Foundation's `Process`,
        /// which other tests use meanwhile, reads behind the end of its list of open files.
        @Test(.enabled(if: Deployment.isEmbedded, "HAProxy holds the connections to a cluster"))
        func `a thousand idle connections are held and each is answered again`() async throws {
            let server = try await RunningServer()
            let example = try await Example(server, "idle", plan: "enterprise")
            try await example.route("/hello", ["body": "hello"])
            let connections = try (0..<1000).map { _ in try OpenConnection(port: server.port) }
            for _ in 0..<2 {
                for connection in connections {
                    try connection.send("GET /x/hello HTTP/1.1\r\nHost: idle.localhost\r\n\r\n")
                }
                for connection in connections {
                    #expect(try connection.receive(until: "hello").hasPrefix("HTTP/1.1 200 "))
                }
            }
            #expect(try await Example.usage(server.admin, example.id) == 2000)
        }
    }
}

/// A connection as the kernel has it.
private final class OpenConnection {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure("connect") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Failure("write") }
    }

    /// What comes, to the first piece that ends with `ending`.
    func receive(until ending: String) throws -> String {
        var reply = ""
        var bytes = [UInt8](repeating: 0, count: 4096)
        while !reply.hasSuffix(ending) {
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { throw Failure("read after \(reply)") }
            reply += String(decoding: bytes[..<count], as: UTF8.self)
        }
        return reply
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ step: String) { description = "\(step): \(String(cString: strerror(errno)))" }
    }
}
