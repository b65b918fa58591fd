import Foundation
import Testing

extension EndToEnd {
    @Suite struct ReadmeTests {
        /// The blocks of the README that are marked `sh tour`.
        private static func tour() throws -> [String] {
            let text = try String(contentsOfFile: Programs.repository + "/README.md", encoding: .utf8)
            var blocks: [String] = []
            var block: [String]?
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if line == "```sh tour" {
                    block = []
                } else if line == "```", let lines = block {
                    blocks.append(lines.joined(separator: "\n"))
                    block = nil
                } else {
                    block?.append(String(line))
                }
            }
            return blocks
        }

        @Test func `every command of the tour works`() async throws {
            let server = try await RunningServer(environment: [:])
            let folder = server.folder
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/examples", withDestinationPath: Programs.repository + "/examples")
            let blocks = try Self.tour()
            #expect(blocks.count >= 6)
            var script = ["set -eu -o pipefail"]
            for (number, block) in blocks.enumerated() {
                script += ["echo 'block \(number + 1)'", block, "echo"]
            }
            let text = script.joined(separator: "\n")
                .replacingOccurrences(of: "localhost:8080", with: "localhost:\(server.port)")
                .replacingOccurrences(
                    of: "$PWD/.build/debug", with: (Programs.mockforge as NSString).deletingLastPathComponent
                )
                .replacingOccurrences(of: "/tmp/acme.json", with: folder.path + "/acme.json")
            let shell = try ChildProcess(
                "/bin/bash", ["-c", text], in: folder.path, environment: ["MOCKFORGE_URL": server.url])
            let code = try await shell.exitCode(upTo: .seconds(120))
            let output = shell.lines.joined(separator: "\n")
            #expect(code == 0, "\(output)\n\(shell.errorText)")
            #expect(output.contains("Linen apron"))
            #expect(output.contains("status 404"))
        }
    }
}
