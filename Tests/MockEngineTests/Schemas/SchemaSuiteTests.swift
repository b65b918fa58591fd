import MockEngine
import Testing

@Suite(.enabled(if: SchemaSuite.isPresent, "the JSON Schema test suite is not beside the project"))
struct SchemaSuiteTests {
    private static let metaSchema = "the meta-schema itself is no part of the suite, and nothing is fetched"

    /// Cases that we know to fail, with the reason. A case that starts to pass must leave the list.
    private static let exceptions: [String: String] = [
        "defs: validate definition against metaschema: invalid definition schema": metaSchema,
        "defs: validate definition against metaschema: valid definition schema": metaSchema,
        "definitions: validate definition against metaschema: invalid definition schema": metaSchema,
        "definitions: validate definition against metaschema: valid definition schema": metaSchema,
        "ref: remote ref, containing refs itself: remote ref invalid": metaSchema,
        "ref: remote ref, containing refs itself: remote ref valid": metaSchema,
        "cross-draft: refs to historic drafts are processed as historic drafts: first item not a string is valid":
            "draft 2019-09 is not supported",
        "format-assertion: schema that uses custom metaschema with format-assertion: false: format-assertion: false: "
            + "invalid string": "whether format asserts is chosen by the caller",
        "format-assertion: schema that uses custom metaschema with format-assertion: true: format-assertion: true: "
            + "invalid string": "whether format asserts is chosen by the caller",
    ]

    private func check(_ outcome: SchemaSuite.Outcome, _ title: String) {
        print("\(title): \(outcome.passed) of \(outcome.passed + outcome.failed.count) pass")
        for name in outcome.failed where Self.exceptions[name] == nil { Issue.record("fails: \(name)") }
        for name in outcome.passedNames where Self.exceptions[name] != nil { Issue.record("passes by now: \(name)") }
    }

    @Test(arguments: [
        ("draft2020-12", SchemaDialect.draft2020), ("draft2020-12/optional", .draft2020), ("draft4", .draft4),
        ("draft4/optional", .draft4),
    ])
    func `every case passes but for the known exceptions`(path: String, dialect: SchemaDialect) throws {
        check(try SchemaSuite.run(path, dialect: dialect, formats: .annotation), path)
    }

    @Test(arguments: [("draft2020-12/optional/format", SchemaDialect.draft2020), ("draft4/optional/format", .draft4)])
    func `formats are checked as the suite has it`(path: String, dialect: SchemaDialect) throws {
        // Internationalised host names need the tables of IDNA 2008, which are not worth their size here.
        let outcome = try SchemaSuite.run(path, dialect: dialect, formats: .assertion) { group in
            group.file != "idn-hostname" && !group.description.contains("A-label")
        }
        check(outcome, path)
    }
}
