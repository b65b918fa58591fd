import Testing

@testable import App

/// Holds docs/operate/configuration.md to the catalogue of keys.
@Suite struct ConfigurationPageTests {
    private static let page =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        + "/docs/operate/configuration.md"

    private static func row(_ key: SettingKey) -> String {
        let value = key.defaultValue.map { "`\(SettingKey.text(of: $0))`" } ?? ""
        let flag = key.flag.map { "`\($0)`" } ?? ""
        return "| `\(key.path)` | \(key.expectation) | \(value) | `\(key.environmentName)` | \(flag) | \(key.summary) |"
    }

    @Test func `the page lists every key with its type, default, variable, flag and meaning, and no other`() throws {
        let text = try #require(try Files.readText(Self.page))
        let rows = text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("| `") }
        let expected = SettingKey.all.map(Self.row)
        #expect(rows == expected, "the table should be:\n\(expected.joined(separator: "\n"))")
    }
}
