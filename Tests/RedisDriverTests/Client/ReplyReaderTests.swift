import Testing

@testable import RedisDriver

@Suite struct `Replies are read from bytes` {
    /// Feeds pieces of `size` bytes and gathers what comes out.
    private func read(
        _ text: String, pieces size: Int, limits: RedisReplyLimits = RedisReplyLimits()
    ) throws -> [RedisReply] {
        var reader = ReplyReader(limits: limits)
        var replies: [RedisReply] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            try piece.withUnsafeBytes { bytes in try reader.feed(bytes) }
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }

    @Test(arguments: [1, 2, 7, 1000]) func `in pieces of any size`(_ size: Int) throws {
        let text = "+OK\r\n:42\r\n$-1\r\n$5\r\na\r\nbc\r\n-ERR no\r\n*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$0\r\n\r\n*0\r\n"
        let expected: [RedisReply] = [
            .status("OK"), .integer(42), .null, .bytes(Array("a\r\nbc".utf8)), .error("ERR no"),
            .array([.integer(1), .array([.bytes([120]), .bytes([])]), .array([])]),
        ]
        #expect(try read(text, pieces: size) == expected)
    }

    @Test func `a reply that is not finished is freed with its reader`() throws {
        #expect(try read("*2\r\n*2\r\n$3\r\nabc\r\n", pieces: 4).isEmpty)
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n", "*9999999\r\n", String(repeating: "*1\r\n", count: 20)])
    func `what is no reply, too long or too deep is refused`(_ text: String) {
        #expect(throws: RedisError.self) { try read(text, pieces: 1000) }
    }

    @Test func `a reply larger than allowed is refused before it is complete`() {
        var limits = RedisReplyLimits()
        limits.bytes = 1000
        #expect(throws: RedisError.self) {
            try read("$5000\r\n" + String(repeating: "x", count: 2000), pieces: 100, limits: limits)
        }
    }

    @Test func `many small replies are not taken for a large one`() throws {
        var limits = RedisReplyLimits()
        limits.bytes = 100
        let replies = try read(String(repeating: ":1\r\n", count: 1000), pieces: 33, limits: limits)
        #expect(replies.count == 1000)
    }
}
