import Domain
import JSON
import Testing

@testable import MockEngine

/// Renders with a fixed time and seed.
private func render(
    _ template: CompiledTemplate, body: String = "", type: String = "application/json", query: String? = nil,
    headers: [HeaderField] = [], seed: UInt64 = 1, limits: TemplateLimits = TemplateLimits()
) throws -> String {
    let request = MockRequest(
        method: "GET", path: "/a/b%20c", query: query, headers: [HeaderField("content-type", type)] + headers,
        body: Array(body.utf8))
    let view = RequestView(request)
    var environment = TemplateEnvironment(now: Timestamp(seconds: 1_000_000_000), seed: seed, limits: limits)
    var bytes: [UInt8] = []
    try template.render(view, &environment, into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

private func text(_ template: String) throws -> CompiledTemplate { try CompiledTemplate(text: template) }

private func json(_ template: String) throws -> CompiledTemplate {
    try CompiledTemplate(json: try JSON.parse(template))
}

struct TemplateSyntaxTests {
    private func failure(_ template: String) -> TemplateError? {
        do {
            _ = try CompiledTemplate(text: template)
            return nil
        } catch { return error }
    }

    @Test func `an unknown helper is refused with its place and the nearest name`() {
        let error = failure("one\n  {{uper request.body}}")
        #expect(error?.description == "'uper' is not a helper (did you mean 'upper'?) at line 2, column 5")
    }

    @Test func `an unknown root is refused`() {
        #expect(failure("{{requets.body}}")?.message == "'requets' is not known (did you mean 'request'?)")
    }

    @Test func `an unknown member of the request is refused`() {
        #expect(failure("{{request.heders.a}}")?.message == "'request.heders' is not known (did you mean 'headers'?)")
    }

    @Test func `an unknown kind of fake data is refused`() {
        let message = failure("{{fake \"name.ful_name\"}}")?.message
        #expect(message == "there is no fake data of the kind 'name.ful_name' (did you mean 'name.full_name'?)")
    }

    @Test(arguments: [
        "{{", "{{uuid", "{{}}", "{{{uuid}}", "{{#if true}}", "{{/if}}", "{{#if true}}{{/each}}", "{{else}}",
        "{{#if true}}{{else}}{{else}}{{/if}}", "{{#foo 1}}{{/foo}}", "{{#if}}{{/if}}", "{{upper}}", "{{upper 'a' 'b'}}",
        "{{upper (lower 'a'}}", "{{upper 'a}}", "{{this}}", "{{@index}}", "{{now format=\"QQ\"}}",
        "{{now offset=\"soon\"}}", "{{now offset=\"99999999 years\"}}", "{{now zone=\"x\"}}", "{{fake request.body}}",
        "{{upper lower 'a'}}", "{{request}}", "{{request.method.x}}", "{{request.query.a.b}}", "{{1x}}", "{{uuid]}}",
        "{{!-- open }}", "{{json_path request.body '$['}}", "{{json_path request.body request.path}}",
        "{{request.body.[}}", "{{request.body.}}", "{{#each request.body as |}}{{/each}}",
        "{{#each request.body as |a b c|}}{{/each}}",
    ])
    func `a malformed template is refused`(_ template: String) {
        #expect(throws: TemplateError.self) { try CompiledTemplate(text: template) }
    }

    @Test func `an error in JSON names the string`() {
        do {
            _ = try json(#"{"a": ["x", "{{nope}}"]}"#)
            Issue.record("it compiled")
        } catch TemplateError.syntax(_, let line, let column, let pointer) {
            #expect((line, column, pointer) == (1, 3, JSONPointer(["a", "1"])))
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test(arguments: [
        #"{"{{uuid}}": 1}"#, #"{"a": 1, "{{#each request.body}}": 1}"#, #"{"{{#each request.body}}": 1, "b": 2}"#,
        #"["{{#if true}}"]"#, #"{"{{#if true}}x{{/if}}": 1}"#,
    ])
    func `JSON that mixes blocks and members is refused`(_ template: String) {
        #expect(throws: TemplateError.self) { try json(template) }
    }

    @Test func `nesting is bounded`() {
        let blocks = String(repeating: "{{#if true}}", count: 40) + String(repeating: "{{/if}}", count: 40)
        #expect(failure(blocks)?.message == "blocks are nested deeper than 32 levels")
        let calls = String(repeating: "upper (", count: 40) + "'a'" + String(repeating: ")", count: 40)
        #expect(failure("{{\(calls)}}")?.message == "expressions are nested deeper than 32 levels")
    }

    @Test func `text without tags is constant`() throws {
        let plain = try text("a } \\{{ { b")
        #expect(plain.isConstant)
        #expect(plain.constantBytes == Array("a } {{ { b".utf8))
        #expect(try json(#"{"a": [1.50, "x", "\\{{y"]}"#).constantBytes == Array(#"{"a":[1.50,"x","{{y"]}"#.utf8))
        #expect(!(try text("{{uuid}}").isConstant))
    }
}

struct TemplateInjectionTests {
    @Test func `what a request brings is not read as a template`() throws {
        #expect(try render(text("{{request.body}}"), body: "{{uuid}}", type: "text/plain") == "{{uuid}}")
        #expect(try render(json(#"{"a": "x{{request.query.q}}"}"#), query: "q={{uuid}}") == #"{"a":"x{{uuid}}"}"#)
        #expect(try render(json(#"["{{request.body.a}}"]"#), body: #"{"a": "{{now}}"}"#) == #"["{{now}}"]"#)
    }

    @Test func `a value cannot leave its JSON string`() throws {
        let rendered = try render(json(#"{"a": "<{{request.query.q}}>"}"#), query: "q=%22,%22b%22:%5C%0A%00")
        #expect(rendered == #"{"a":"<\",\"b\":\\\n\u0000>"}"#)
    }

    @Test func `a whole body inside a JSON string is escaped`() throws {
        #expect(try render(json(#"["b: {{request.body}}"]"#), body: #"{"a": 1}"#) == #"["b: {\"a\": 1}"]"#)
    }

    @Test func `literal text around a tag in JSON is escaped`() throws {
        #expect(try render(json(#"["\"\n{{request.method}}"]"#)) == #"["\"\nGET"]"#)
    }

    @Test func `a header value cannot hold a line break`() throws {
        let template = try CompiledTemplate(header: "v={{request.query.q}}")
        #expect(try render(template, query: "q=a%0D%0ASet-Cookie:%20x%00%7F") == "v=aSet-Cookie: x")
    }

    @Test func `a line break in a header's own text is left out`() throws {
        #expect(try CompiledTemplate(header: "a\r\nb").constantBytes == Array("ab".utf8))
    }
}

struct TemplateLimitTests {
    private func limit(_ template: CompiledTemplate, _ limits: TemplateLimits, body: String = "") throws -> String? {
        do {
            _ = try render(template, body: body, limits: limits)
            return nil
        } catch TemplateError.limit(let message) { return message }
    }

    @Test func `output is bounded`() throws {
        let template = try text("{{#repeat 100}}0123456789{{/repeat}}")
        #expect(
            try limit(template, TemplateLimits(outputBytes: 500)) == "the rendered template is larger than 500 bytes")
        #expect(try limit(template, TemplateLimits(outputBytes: 1000)) == nil)
    }

    @Test func `steps are bounded across nested loops`() throws {
        let template = try text("{{#repeat 1000}}{{#repeat 1000}}{{/repeat}}{{/repeat}}")
        #expect(try limit(template, TemplateLimits(steps: 5000)) == "the template takes more than 5000 steps")
    }

    @Test func `iterations of a loop are bounded`() throws {
        #expect(try limit(text("{{#repeat 1e300}}{{/repeat}}"), TemplateLimits()) != nil)
        let template = try text("{{#each request.body}}{{/each}}")
        let limits = TemplateLimits(iterations: 2)
        #expect(try limit(template, limits, body: "[1,2,3]") == "a loop has more than 2 iterations")
    }

    @Test func `a text on the way is bounded even when it is not inserted`() throws {
        let limits = TemplateLimits(outputBytes: 100)
        #expect(try limit(text("{{length (random_string 101)}}"), limits) != nil)
        #expect(try limit(text("{{length (replace (random_string 50) '' 'x')}}"), limits) == nil)
        #expect(try limit(text("{{length (replace 'aaaaaaaaaa' 'a' '01234567890')}}"), limits) != nil)
    }

    @Test func `work on a large body costs steps`() throws {
        let body = "\"" + String(repeating: "a", count: 64_000) + "\""
        let template = try text("{{#repeat 50}}{{length (upper request.body)}}{{/repeat}}")
        #expect(try limit(template, TemplateLimits(steps: 10_000), body: body) != nil)
        #expect(try limit(template, TemplateLimits(), body: body) == nil)
    }

    @Test func `handling small items of a large body costs little`() throws {
        let text = String(repeating: "t", count: 40)
        let items = (0..<2000).map { #"{"id": \#($0), "text": "\#(text)"}"# }
        let template = try json(
            #"[{"{{#each request.body}}": ["{{this}}", "{{json this}}", "{{json_path this '$.id'}}"]}]"#)
        #expect(try limit(template, TemplateLimits(), body: "[" + items.joined(separator: ",") + "]") == nil)
    }

    @Test func `a comparison of large values costs steps`() throws {
        let body = "[" + String(repeating: "1,", count: 5000) + "1]"
        let template = try text("{{#repeat 100}}{{#if (eq request.body request.body)}}{{/if}}{{/repeat}}")
        #expect(try limit(template, TemplateLimits(steps: 100_000), body: body) != nil)
    }

    @Test func `steps are shared by renderings with one environment`() throws {
        let template = try text("{{#repeat 10}}{{/repeat}}")
        let limits = TemplateLimits(steps: 30)
        var environment = TemplateEnvironment(now: Timestamp(seconds: 0), seed: 1, limits: limits)
        let view = RequestView(MockRequest(method: "GET", path: "/"))
        var bytes: [UInt8] = []
        try template.render(view, &environment, into: &bytes)
        #expect(throws: TemplateError.self) {
            for _ in 0..<5 { try template.render(view, &environment, into: &bytes) }
        }
    }

    @Test func `a stopped rendering leaves nothing behind`() throws {
        var environment = TemplateEnvironment(
            now: Timestamp(seconds: 0), seed: 1, limits: TemplateLimits(outputBytes: 5))
        var bytes = Array("before".utf8)
        #expect(throws: TemplateError.self) {
            try text("abc{{'def'}}").render(
                RequestView(MockRequest(method: "GET", path: "/")), &environment, into: &bytes)
        }
        #expect(bytes == Array("before".utf8))
    }
}

struct TemplateRenderingTests {
    @Test func `the same seed gives the same bytes and another seed others`() throws {
        let template = try text(
            "{{uuid}} {{fake 'name.full_name'}} {{random_int 0 1000000}} {{fake 'lorem.paragraph'}}")
        #expect(try render(template, seed: 7) == render(template, seed: 7))
        #expect(try render(template, seed: 7) != render(template, seed: 8))
    }

    @Test func `the generator of the surroundings is used`() throws {
        var environment = TemplateEnvironment(
            now: Timestamp(seconds: 0), random: Surroundings(now: { Timestamp(seconds: 0) }, random: { 0 }).generator)
        var bytes: [UInt8] = []
        try text("{{uuid}}").render(RequestView(MockRequest(method: "GET", path: "/")), &environment, into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "00000000-0000-4000-8000-000000000000")
    }

    @Test func `form fields are read from a form body`() throws {
        let type = "application/x-www-form-urlencoded; charset=utf-8"
        let template = try text("{{request.form.a}},{{request.form.a.[1]}},{{request.body.b}}")
        #expect(try render(template, body: "a=1&a=2+3&b=x%26y", type: type) == "1,2 3,x&y")
    }

    @Test func `a body that is not JSON is text`() throws {
        #expect(try render(json(#"["{{request.body}}"]"#), body: "hi", type: "text/plain") == #"["hi"]"#)
        #expect(try render(json(#"["{{request.body}}"]"#), body: "12", type: "text/plain") == #"["12"]"#)
        #expect(try render(json(#"["{{request.body}}"]"#), body: "12") == "[12]")
        #expect(try render(json(#"["{{request.body}}"]"#)) == "[null]")
    }

    @Test func `segments of the path are decoded`() throws {
        #expect(try render(text("{{request.pathSegments.[1]}}|{{request.path}}")) == "b c|/a/b%20c")
    }

    @Test func `names with other characters stand in brackets`() throws {
        let template = try text("{{request.query.['a.b'].[0]}} {{request.body['c d']}}")
        #expect(try render(template, body: #"{"c d": 1}"#, query: "a.b=x") == "x 1")
    }

    @Test func `numbers keep their spelling`() throws {
        #expect(try render(json(#"{"a": "{{request.body.a}}"}"#), body: #"{"a": 1.50}"#) == #"{"a":1.50}"#)
    }

    @Test func `nested loops in JSON see each other's items`() throws {
        let template = try json(
            #"{"{{#each request.body as |row|}}": [{"{{#each row.c as |cell j|}}": "{{row.n}}{{cell}}{{j}}"}]}"#)
        let body = #"[{"n": "a", "c": [1, 2]}, {"n": "b", "c": []}, {"n": "c", "c": [3]}]"#
        #expect(try render(template, body: body) == #"[["a10","a21"],[],["c30"]]"#)
    }

    @Test func `a loop directly inside a loop in an array makes one array`() throws {
        let template = try json(
            #"[{"{{#each request.body}}": {"{{#if (gt this 1)}}": "{{this}}"}}, {"{{#repeat 0}}": 1}]"#)
        #expect(try render(template, body: "[1, 2, 3]") == "[2,3]")
    }

    @Test func `sums are exact until they leave the integers`() throws {
        let template = try text("{{add 9007199254740993 1}} {{add 9223372036854775807 1}} {{add 'a' 1}}")
        #expect(try render(template) == "9007199254740994 9.223372036854775807e+18 ".replacing("775807", with: "776"))
    }

    @Test func `bounds in any order and of any size are taken`() throws {
        let template = try text(
            "{{random_int 5 5}}{{random_int 9 9}}{{length (string (random_int -9223372036854775808 9223372036854775807))}}"
        )
        #expect(try render(template).hasPrefix("59"))
    }

    @Test func `every random integer is within its bounds`() throws {
        let template = try text("{{#repeat 500}}{{random_int 3 1}}{{/repeat}}")
        #expect(Set(try render(template)) == ["1", "2", "3"])
    }

    @Test(arguments: FakeKind.allCases)
    func `fake data is never empty and needs no escape`(_ kind: FakeKind) throws {
        let typed = try json("[\"{{fake '\(kind.rawValue)'}}\"]")
        for seed in 0..<50 {
            let value = try JSON.parse(try render(typed, seed: UInt64(seed)))[0]
            #expect((value?.number != nil) == kind.isNumber)
            let text = value?.string ?? value?.number?.literal ?? ""
            #expect(!text.isEmpty)
            #expect(JSON.string(text).text == "\"\(text)\"")
        }
    }

    @Test func `check digits are right`() throws {
        let digits = try render(text("{{fake 'finance.credit_card'}}"), seed: 3).compactMap(\.wholeNumberValue)
        let sum = digits.reversed().enumerated().reduce(0) { sum, digit in
            let value = digit.element * (digit.offset % 2 == 1 ? 2 : 1)
            return sum + value / 10 + value % 10
        }
        #expect(digits.count == 16)
        #expect(sum % 10 == 0)
        let iban = try render(text("{{fake 'finance.iban'}}"), seed: 3)
        let moved = iban.dropFirst(4).map(String.init).joined() + "1314" + iban.dropFirst(2).prefix(2)
        #expect(moved.reduce(0) { ($0 * 10 + ($1.wholeNumberValue ?? 0)) % 97 } == 1)
    }

    @Test func `an offset by months keeps to the calendar`() throws {
        let leap = try #require(Timestamp(rfc3339: "2024-03-31T00:00:00Z"))
        #expect(try TimeOffset("-1 month").applied(to: leap).rfc3339 == "2024-02-29T00:00:00Z")
        #expect(try TimeOffset("1 year -1 day").applied(to: leap).rfc3339 == "2025-03-30T00:00:00Z")
    }

    @Test(arguments: ["-9223372036854775808 days", "9223372036854775807 years", "99999999999999 weeks", "-1001 years"])
    func `an offset beyond a thousand years is refused`(offset: String) {
        #expect(throws: TemplateError.self) { try CompiledTemplate(text: "{{now offset='\(offset)'}}") }
    }
}
