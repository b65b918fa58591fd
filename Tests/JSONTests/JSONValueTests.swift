import JSON
import Testing

struct JSONValueTests {
    @Test(arguments: [
        ("1", "1.0"), ("1", "1e0"), ("100", "1e2"), ("0.5", "5e-1"), ("0", "-0"), ("0", "0e99"), ("1.50", "1.5"),
        ("9007199254740993", "9007199254740993.0"), ("1e400", "10e399"), ("0.1", "0.10"),
        ("0.12345678901234567", "0.123456789012345670"),
    ])
    func `numbers of one value are equal and hash alike`(left: String, right: String) throws {
        let (left, right) = (try JSON.parse(left), try JSON.parse(right))
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
    }

    @Test(arguments: [
        ("9007199254740993", "9007199254740992.0"), ("1e400", "1e401"), ("0.1", "0.1000000000000000001"),
        ("123456789012345678901", "123456789012345678902"), ("1", "\"1\""), ("0", "false"), ("0", "null"),
    ])
    func `different values are not equal`(left: String, right: String) throws {
        #expect(try JSON.parse(left) != JSON.parse(right))
    }

    @Test(arguments: [
        ("1", "1.5"), ("-2", "-1"), ("9007199254740992", "9007199254740993.0"), ("1e400", "1e401"),
        ("-1e401", "-1e400"),
        ("0.1", "0.1000000000000000001"), ("-1", "0"), ("99", "1e2"),
    ])
    func `numbers are ordered exactly`(smaller: String, larger: String) throws {
        let small = try #require(try JSON.parse(smaller).number)
        let large = try #require(try JSON.parse(larger).number)
        #expect(small < large)
        #expect(!(large < small))
    }

    @Test(arguments: [
        ("3", 3), ("3.0", 3), ("3e2", 300), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ("9007199254740993.0", 9_007_199_254_740_993),
    ])
    func `whole numbers are integers however they are spelled`(text: String, expected: Int) throws {
        #expect(try JSON.parse(text).integer == expected)
    }

    @Test(arguments: ["3.5", "1e400", "9223372036854775808", "1e-1", "123456789012345678901.5", "\"3\""])
    func `what does not fit an integer is none`(text: String) throws {
        #expect(try JSON.parse(text).integer == nil)
    }

    @Test(arguments: [
        ("0.3", "0.1", true), ("1e308", "0.123456789", false), ("12391239123", "1e-8", true), ("35", "7", true),
        ("36", "7", false), ("0", "5", true), ("-4.5", "1.5", true), ("0.0075", "0.0001", true),
        ("4.5", "1e300", false),
    ])
    func `multiples are exact`(value: String, factor: String, expected: Bool) {
        #expect(JSONDecimal(validLiteral: value).isMultiple(of: JSONDecimal(validLiteral: factor)) == expected)
    }

    @Test func `strings are compared by code points`() {
        #expect(JSON.string("\u{E9}") != JSON.string("e\u{301}"))
        #expect(JSON.string("\u{E9}") == JSON.string("\u{E9}"))
    }

    @Test func `objects are equal whatever the order of their members`() throws {
        let (left, right) = (try JSON.parse(#"{"a":1,"b":[2]}"#), try JSON.parse(#"{"b":[2.0],"a":1}"#))
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(try JSON.parse(#"{"a":1}"#) != JSON.parse(#"{"a":1,"b":null}"#))
    }

    @Test func `members keep their places through changes`() {
        var object: JSONObject = ["a": 1, "b": 2, "c": 3]
        object["a"] = 9
        object["b"] = nil
        object["d"] = 4
        #expect(JSON.object(object).text == #"{"a":9,"c":3,"d":4}"#)
        for index in 0..<40 { object["k\(index)"] = JSON(index) }
        for index in 0..<39 { object["k\(index)"] = nil }
        #expect(object.keys == ["a", "c", "d", "k39"])
        #expect(object["k39"] == 39)
        #expect(object["k3"] == nil)
    }

    /// One case for each rule of RFC 7396.
    @Test(arguments: [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
        (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":1}"#, #"["c"]"#, #"["c"]"#),
        ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#), ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
    func `a merge patch replaces, adds and removes`(target: String, patch: String, expected: String) throws {
        #expect(try JSON.parse(target).merging(JSON.parse(patch)).text == expected)
    }
}
