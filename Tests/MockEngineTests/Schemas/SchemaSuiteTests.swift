import MockEngine
import Testing

@Suite(.enabled(if: SchemaSuite.isPresent, "the JSON Schema test suite is not beside the project"))
struct SchemaSuiteTests {
    /// Cases that we know to fail, with the reason. A case that starts to pass must leave the list.
    private static let exceptions: [String: String] = [:]

    private func check(_ outcome: SchemaSuite.Outcome, _ title: String, exceptions: [String: String]) {
        print("\(title): \(outcome.passed) of \(outcome.passed + outcome.failed.count) pass")
        for name in outcome.failed where exceptions[name] == nil { Issue.record("fails: \(name)") }
        for name in exceptions.keys where !outcome.failed.contains(name) { Issue.record("passes by now: \(name)") }
    }

    @Test func `every mandatory case of draft 2020-12 passes`() throws {
        let outcome = try SchemaSuite.run("draft2020-12", dialect: .draft2020, formats: .annotation)
        check(outcome, "draft 2020-12", exceptions: Self.exceptions)
    }

    @Test func `every mandatory case of draft 4 passes`() throws {
        let outcome = try SchemaSuite.run("draft4", dialect: .draft4, formats: .annotation)
        check(outcome, "draft 4", exceptions: [:])
    }

    @Test func `optional cases pass`() throws {
        let outcome = try SchemaSuite.run("draft2020-12/optional", dialect: .draft2020, formats: .annotation)
        check(outcome, "draft 2020-12 optional", exceptions: [:])
    }

    @Test func `formats are checked as the suite has it`() throws {
        let outcome = try SchemaSuite.run("draft2020-12/optional/format", dialect: .draft2020, formats: .assertion)
        check(outcome, "formats", exceptions: [:])
    }
}
