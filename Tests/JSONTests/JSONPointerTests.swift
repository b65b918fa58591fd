import JSON
import Testing

struct JSONPointerTests {
    @Test func `a pointer leads to members and elements`() throws {
        let value = try JSON.parse(#"{"a":[{"~b/c":1}],"":2,"x":{"0":3}}"#)
        let cases: [(String, JSON?)] = [
            ("/a/0/~0b~1c", 1), ("/", 2), ("/x/0", 3), ("/a/1", nil), ("/a/00", nil), ("/a/-", nil), ("/nothing", nil),
            ("/a/0/~0b~1c/d", nil),
        ]
        for (text, expected) in cases {
            let pointer = try #require(JSONPointer(text))
            #expect(value[pointer] == expected, "\(text)")
        }
        #expect(value[JSONPointer.root] == value)
    }

    @Test(arguments: ["", "/", "/a~1b/~0", "/a//b", "/é"])
    func `a pointer is written as it was read`(text: String) throws {
        #expect(try #require(JSONPointer(text)).description == text)
    }

    @Test(arguments: ["a", "a/b", "/~", "/~2", "/a~"])
    func `what is no pointer is refused`(text: String) {
        #expect(JSONPointer(text) == nil)
    }

    @Test func `a slash in a name is no separator`() {
        #expect((JSONPointer.root / "a/b" / 3).description == "/a~1b/3")
    }
}
