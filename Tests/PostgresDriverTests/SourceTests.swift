import Foundation
import Testing

/// What a pooler in transaction mode would hand to the next tenant must not be in the driver.
@Suite struct `Session state` {
    private static let folder =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The string literals of the driver and of everything that sends SQL through it.
    private func sources() throws -> [(file: String, text: String)] {
        var sources: [(String, String)] = []
        for target in ["PostgresDriver", "Persistence/Repositories", "Persistence/Migrations"] {
            let root = Self.folder.appending(path: "Sources/\(target)")
            let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
            for case let file as URL in files where ["swift", "sql"].contains(file.pathExtension) {
                sources.append((file.lastPathComponent, try String(contentsOf: file, encoding: .utf8)))
            }
        }
        return sources
    }

    private static let forbidden: [(name: String, pattern: String)] = [
        // `UPDATE t SET a = 1`, `DO UPDATE SET` and `ON DELETE SET NULL` change rows, not the session.
        ("SET", #"(?<!UPDATE )(?<!UPDATE [a-z_]{1,40} )(?<!DELETE )\bSET (?!LOCAL )[A-Za-z"]"#),
        ("RESET", #"\bRESET [A-Z]"#),
        ("set_config for the session", #"set_config\([^)]*false"#),
        ("an advisory lock of the session", #"pg_advisory_lock\("#),
        ("PREPARE by name", #"\bPREPARE [a-z]"#),
        ("LISTEN", #"\bLISTEN [a-z]"#),
        ("a temporary table", #"\bCREATE TEMP"#),
        ("a cursor that outlives the transaction", #"WITH HOLD"#),
    ]

    private func findings(in text: String) throws -> [String] {
        try Self.forbidden.filter { rule in
            try NSRegularExpression(pattern: rule.pattern)
                .firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
        }.map(\.name)
    }

    @Test func `no statement changes the session`() throws {
        let sources = try sources()
        #expect(sources.count > 20)
        for (file, text) in sources { #expect(try findings(in: text) == [], "\(file)") }
    }

    @Test func `the search would find one`() throws {
        #expect(try findings(in: #"run("SET search_path = x")"#) == ["SET"])
        #expect(try findings(in: #"run("SET ROLE \(role)")"#) == ["SET"])
        #expect(try findings(in: "SET SESSION AUTHORIZATION x") == ["SET"])
        #expect(try findings(in: "SELECT set_config('search_path', 'x', false)") == ["set_config for the session"])
        #expect(try findings(in: "UPDATE tenants SET a = 1; SET LOCAL ROLE x; DO UPDATE SET b = 2") == [])
    }
}
