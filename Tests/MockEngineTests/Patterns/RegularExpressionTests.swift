import MockEngine
import Testing

struct RegularExpressionTests {
    @Test(arguments: [
        ("^abc$", "abc", true), ("^abc$", "abc\n", false), ("b", "abc", true), ("^\\t$", "\t", true),
        ("^\\cC$", "\u{3}", true), ("^\\cc$", "\u{3}", true), ("^\\d$", "\u{7C0}", false), ("^\\D$", "\u{7C0}", true),
        ("^\\w$", "é", false), ("^\\W$", "é", true), ("^\\s$", "\u{FEFF}", true), ("^\\s$", "\u{A0}", true),
        ("^\\s$", "\u{1}", false), ("^\\S$", "\u{2029}", false), ("\\p{Letter}cole", "l'école", true),
        ("^\\p{digit}+$", "৪২", true), ("^🐲*$", "🐲🐲", true), ("^🐲*$", "D", false),
        ("^\\uD83D\\uDC32$", "🐲", true), ("^\\u{1F432}$", "🐲", true), ("^\\x41\\u0042$", "AB", true),
        ("^[^]$", "\n", true), ("^.$", "\n", false), ("[]", "anything", false), ("^a{2,3}$", "aaaa", false),
        ("^a{2,3}$", "aaa", true), ("^a{,2}$", "a{,2}", true), ("a|b", "xb", true), ("^(?:a|b)c$", "bc", true),
        ("^a|b$", "ac", true), ("^x(a|b)y$", "xby", true), ("^x(a|b)y$", "xa", false), ("^\\/v1\\/$", "/v1/", true),
        ("^[\\w.-]+$", "a.b-c", true), ("^[a\\-z]$", "m", false), ("^[\\D]$", "1", false), ("^[^\\D5]$", "5", false),
        ("^[^\\D5]$", "6", true), ("^[\\b]$", "\u{8}", true), ("\\bcat\\b", "a cat sat", true),
        ("(?i)^abc$", "ABC", true), ("^(?i:a)b$", "Ab", true), ("^(?i:a)b$", "AB", false),
        ("^(?<year>\\d{4})$", "2026", true), ("^(a|b)+$", "abba", true), ("^(ab)?$", "ab", true), ("", "x", true),
        ("^[\\]]$", "]", true), ("^(?:)$", "", true), ("(?m)^b$", "a\nb\nc", true), ("^a{1500,2300}$", "a", false),
    ])
    func `a pattern finds what ECMA-262 says it finds`(pattern: String, text: String, expected: Bool) throws {
        #expect(try RegularExpression(pattern).found(in: text) == expected)
    }

    @Test(arguments: [
        ("(a", "not closed"), ("a)", "unmatched"), ("[a", "not closed"), ("*a", "nothing to repeat"),
        ("a**", "nothing to repeat"), ("a{3,2}", "out of order"), ("[z-a]", "out of order"), ("\\Z", "not an escape"),
        ("\\a", "not an escape"), ("(a)\\1", "back references"), ("(?<n>a)\\k<n>", "back references"),
        ("(?<=a)b", "look-behind"), ("a(?=b)", "look-ahead"), ("a\\", "ends after"), ("\\p{Nonsense}", "not supported"),
        ("\\u12", "hexadecimal"), ("(?#a)", "not a kind of group"), ("a{200000}", "larger than"),
    ])
    func `a pattern that cannot be used says why`(pattern: String, reason: String) {
        let error = #expect(throws: PatternError.self) { try RegularExpression(pattern) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func `letter case can be ignored as a whole`() throws {
        #expect(try RegularExpression("^Straße [a-c]$", caseInsensitive: true).found(in: "STRAßE B"))
    }

    @Test(arguments: [
        ("abcdefgh", false), ("Abcdefg1", true), ("Abc1", false), ("ABCDEFG1", true), ("Abcdefg1 ", false),
    ])
    func `look-aheads after the start anchor are conditions on the text`(text: String, expected: Bool) throws {
        let rule = try RegularExpression("^(?=.*[A-Z])(?=.*\\d)(?!.*\\s)[^]{8,}$")
        #expect(rule.found(in: text) == expected)
    }

    @Test func `a repetition above the engine's own limit is exact`() throws {
        let rule = try RegularExpression("^a{900,2100}$")
        for (count, expected) in [(899, false), (900, true), (1500, true), (2100, true), (2101, false)] {
            #expect(rule.found(in: String(repeating: "a", count: count)) == expected, "\(count)")
        }
    }

    @Test func `a pattern that stalls backtracking engines answers at once`() throws {
        let rule = try RegularExpression("^(a+)+$")
        #expect(!rule.found(in: String(repeating: "a", count: 100_000) + "b"))
    }

    @Test func `patterns of hostile size are refused`() {
        #expect(throws: PatternError.self) {
            try RegularExpression(String(repeating: "a", count: RegularExpression.lengthLimit + 1))
        }
        #expect(throws: PatternError.self) { try RegularExpression("((\\p{L}{1000}){1000}){1000}") }
        #expect(throws: PatternError.self) { try RegularExpression(String(repeating: "(", count: 2000)) }
    }
}
