import Foundation
import Testing

extension EndToEnd {
    /// `/metrics` of a server that has answered a tenant's requests.
    @Suite struct MetricsTests {
        private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }

        private func scrape() async throws -> String {
            let server = try await RunningServer()
            _ = try await server.admin.tenant("measured")
            _ = try await HTTP(port: server.port, host: "measured.localhost").get("/nothing")
            return try await HTTP(port: server.managementPort).get("/metrics").text
        }

        @Test func `the page of metrics has those that are emitted, and no others`() async throws {
            let emitted = try await scrape().split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
                .map { String($0.split(separator: " ")[2]) }
            let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "docs/operate/metrics.md")
            let documented = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
                .filter { $0.hasPrefix("| `") }.map { String($0.dropFirst(3).prefix { $0 != "`" }) }
            // These are there with Redis only.
            let shared = ["lease_", "redis_", "journal_dropped_total", "scenario_fallbacks_total"]
            let missing = Set(documented).subtracting(emitted).filter { name in
                !shared.contains { name.hasPrefix("mockforge_\($0)") }
            }
            #expect(missing == [])
            #expect(Set(emitted).subtracting(documented) == [])
        }

        @Test(.enabled(if: promtool != nil, "promtool is not installed: `scripts/packages test` does it"))
        func `promtool complains about nothing but a name that is the contract's`() async throws {
            let path = try #require(Self.promtool)
            let text = try await scrape()
            let process = Process()
            let (input, output) = (Pipe(), Pipe())
            process.executableURL = URL(filePath: path)
            process.arguments = ["check", "metrics"]
            process.standardInput = input
            process.standardOutput = output
            process.standardError = output
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            try input.fileHandleForWriting.close()
            let complaints = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            #expect(
                complaints.split(separator: "\n")
                    == ["mockforge_requests_per_second counter metrics should have \"_total\" suffix"])
        }
    }
}
