import Domain
import JSON
import Testing

@testable import MockEngine

struct SourceDocumentTests {
    private func read(_ text: String, _ format: SourceDocument.Format? = nil) throws(Problem) -> SourceDocument {
        try SourceDocument(Array(text.utf8), format: format)
    }

    private func refusal(_ text: String, _ format: SourceDocument.Format? = nil) -> Problem? {
        do {
            _ = try read(text, format)
            return nil
        } catch {
            return error
        }
    }

    @Test func `the format is known by the content`() throws {
        #expect(try read(" \n {\"a\": 1}").format == .json)
        #expect(try read("a: 1").format == .yaml)
        #expect(try read("a: 1").root == ["a": 1])
    }

    @Test func `text announced as YAML may be JSON or have braces of its own`() throws {
        #expect(try read("{\"a\":\t1}", .yaml).root == ["a": 1])
        #expect(try read("{a: 1}", .yaml).root == ["a": 1])
    }

    @Test func `scalars follow the core schema`() throws {
        let root = try read(
            """
            nulls: [~, null, Null, NULL, ]
            empty:
            bools: [true, True, FALSE]
            integers: [0, -7, +7, 007, 0x1F, 0o17]
            floats: [1.50, .5, 1., -1e3, 6.02E+23]
            """
        ).root
        #expect(root["nulls"] == [nil, nil, nil, nil])
        #expect(root["empty"] == JSON.null)
        #expect(root["bools"] == [true, true, false])
        #expect(root["integers"] == [0, -7, 7, 7, 31, 15])
        #expect(root["floats"]?.text == "[1.50,0.5,1.0,-1e3,6.02E+23]")
    }

    @Test func `what only older YAML took for something else stays a string`() throws {
        let root = try read(
            "[yes, no, on, off, y, 2026-01-15, 12:30:45, 1_000, .inf, .nan, 1.2.3, '1', \"true\", !!str 5]", .yaml
        ).root
        #expect(root.array?.allSatisfy { $0.string != nil } == true)
        #expect(root.array?.last == "5")
    }

    @Test func `keys become strings`() throws {
        #expect(try read("200: a\ntrue: b\n1.0: c").root == ["200": "a", "true": "b", "1.0": "c"])
    }

    @Test func `block text keeps its lines`() throws {
        #expect(try read("a: |\n  one\n  two\nb: >\n  one\n  two\n").root == ["a": "one\ntwo\n", "b": "one two\n"])
    }

    @Test func `a merge key brings members and the mapping's own win`() throws {
        let root = try read(
            """
            base: &base {a: 1, b: 2}
            other: &other {b: 3, c: 4}
            before:
              b: mine
              <<: *base
            after:
              <<: [*base, *other]
              a: mine
            """
        ).root
        #expect(root["before"] == ["b": "mine", "a": 1])
        #expect(root["after"] == ["a": "mine", "b": 2, "c": 4])
    }

    @Test func `a key that stands twice is refused with its line`() {
        let problem = refusal("a: 1\nb: 2\na: 3\n")
        #expect(problem?.kind == .badRequest)
        #expect(problem?.code == "invalid_syntax")
        #expect(problem?.detail.contains("\"a\" stands twice") == true)
        #expect(problem?.members["line"] == 3)
    }

    @Test func `a syntax error names line and column`() {
        let yaml = refusal("a: 1\nb: [1, 2\nc: 3\n")
        #expect(yaml?.code == "invalid_syntax")
        #expect(yaml?.members["line"] == 3)
        let json = refusal("{\n  \"a\": 1,\n  \"b\": tru\n}")
        #expect(json?.members["line"] == 3)
        #expect(json?.members["column"] == 8)
    }

    @Test func `a second document is refused`() {
        #expect(refusal("a: 1\n---\nb: 2\n")?.detail.contains("second document") == true)
    }

    @Test func `an empty file is refused`() {
        #expect(refusal("")?.detail.contains("empty") == true)
        #expect(refusal("# nothing\n")?.detail.contains("empty") == true)
    }

    @Test func `text that is not UTF-8 is refused`() {
        #expect(throws: Problem.self) { try SourceDocument([0x61, 0x3A, 0x20, 0xFF]) }
    }

    @Test func `an alias without an anchor is refused`() {
        #expect(refusal("a: *nowhere")?.detail.contains("*nowhere") == true)
    }

    @Test func `an anchor that holds itself is refused`() {
        #expect(refusal("a: &a [*a]")?.code == "invalid_syntax")
    }

    @Test func `a list or an alias of one cannot be a key`() {
        #expect(refusal("? [1]\n: 2")?.detail.contains("key") == true)
        #expect(refusal("a: &a [1]\n*a : 2")?.detail.contains("key") == true)
    }

    @Test func `an alias bomb is refused before it is built`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let names = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(names)]\n"
        }
        #expect(refusal(text)?.detail.contains("aliases of the file expand to more than 16 MiB") == true)
    }

    @Test func `a long text cannot be multiplied by aliases`() {
        let long = String(repeating: "x", count: 1 << 20)
        let aliases = Array(repeating: "*a", count: 40).joined(separator: ", ")
        #expect(refusal("a: &a \(long)\nb: [\(aliases)]")?.detail.contains("16 MiB") == true)
    }

    @Test func `nesting is limited, aliases included`() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(refusal("a: \(deep)")?.detail.contains("128 levels") == true)
        let half = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        let nested = String(repeating: "[", count: 60) + "*a" + String(repeating: "]", count: 60)
        #expect(refusal("a: &a \(half)\nb: \(nested)")?.detail.contains("128 levels") == true)
        #expect(refusal("a: \(half)") == nil)
    }

    @Test(arguments: [SourceDocument.Format.yaml, .json])
    func `every value knows its line`(format: SourceDocument.Format) throws {
        let text =
            format == .yaml
            ? "a:\n  b:\n    - x\n    - c: 1\n'd/e':\n  f: {g: 1,\n    h: 2}\n"
            : "{\n\"a\": {\"b\": [\n\"x\\\"\\n\",\n{\"c\": 1}]},\"d/e\"\n: {\"f\": {\n\"g\": 1, \"h\": 2}}}"
        let source = try read(text)
        func line(_ text: String) -> Int? { JSONPointer(text).flatMap { source.line(of: $0) } }
        #expect(source.format == format)
        let expected =
            format == .yaml
            ? ["/a": 1, "/a/b": 2, "/a/b/0": 3, "/a/b/1": 4, "/a/b/1/c": 4, "/d~1e": 5, "/d~1e/f": 6, "/d~1e/f/h": 7]
            : ["/a": 2, "/a/b": 2, "/a/b/0": 3, "/a/b/1": 4, "/a/b/1/c": 4, "/d~1e": 4, "/d~1e/f": 5, "/d~1e/f/h": 6]
        for (pointer, number) in expected { #expect(line(pointer) == number, "\(pointer)") }
        #expect(line("/a/b/2") == nil)
        #expect(line("/nowhere") == nil)
    }

    @Test func `a merged member has the line where it was written`() throws {
        let source = try read("x: &x\n  a: 1\ny:\n  b: 2\n  <<: *x\n")
        #expect(source.line(of: JSONPointer(["y", "a"])) == 2)
        #expect(source.line(of: JSONPointer(["y", "b"])) == 4)
    }
}
