import DataPlane
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

/// What the recogniser takes, the codec must read in the same way: a request whose end two readers see in different places
/// is how one client's bytes become another's request.
@Suite struct RecogniserTests {
    private let recogniser = Recogniser(maxHeadLength: 8192)

    private func recognise(_ bytes: some Collection<UInt8>) -> Recognition {
        Array(bytes).withUnsafeBytes { recogniser.recognise($0) }
    }

    private func recognise(_ text: String) -> Recognition { recognise(Array(text.utf8)) }

    /// A request as both readers can tell it.
    private struct Told: Equatable {
        var method: String
        var target: String
        var headers: [String]
        var body: [UInt8]
    }

    /// The plain requests at the front of a stream, and where the last one ends.
    private func plainRequests(_ bytes: [UInt8]) -> (requests: [Told], end: Int) {
        var requests: [Told] = []
        var start = 0
        while start < bytes.count, case .plain(let request) = recognise(bytes[start...]),
            start + request.length <= bytes.count
        {
            let one = Array(bytes[start..<start + request.length])
            let text = { (range: Range<Int>) in String(decoding: one[range], as: UTF8.self) }
            let lines = text(request.headers).split(separator: "\r\n").map { line -> String in
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                let value = line[colon...].dropFirst().drop { $0 == " " }
                return "\(line[..<colon]):\(value)"
            }
            #expect(lines.contains { $0.lowercased() == "host:" + text(request.host).lowercased() })
            requests.append(
                Told(
                    method: request.method.name,
                    target: text(request.path) + (request.query.map { "?" + text($0) } ?? ""),
                    headers: lines, body: Array(one[request.headLength...])))
            start += request.length
        }
        return (requests, start)
    }

    /// What the codec makes of a stream; the number of requests that it has seen the end of, and whether it failed.
    private func codecRequests(_ bytes: some Collection<UInt8>) -> (requests: [Told], ends: Int, failed: Bool) {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
        var failed = false
        do { try channel.writeInbound(ByteBuffer(bytes: bytes)) } catch { failed = true }
        var requests: [Told] = []
        var ends = 0
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head):
                requests.append(
                    Told(
                        method: head.method.rawValue, target: head.uri, headers: head.headers.map { "\($0):\($1)" },
                        body: []))
            case .body(let buffer): requests[requests.count - 1].body += Array(buffer.readableBytesView)
            case .end: ends += 1
            }
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return (requests, ends, failed)
    }

    @Test(arguments: 0..<8)
    func `recogniser and codec agree on what a request asks and where it ends`(seed: UInt64) {
        var streams = RequestStreams(seed: seed)
        var recognised = 0
        for _ in 0..<1000 {
            let bytes = streams.next()
            let (plain, end) = plainRequests(bytes)
            guard !plain.isEmpty else { continue }
            recognised += plain.count
            let whole = codecRequests(bytes[..<end])
            #expect(whole.requests == plain, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            #expect(whole.ends == plain.count && !whole.failed)
            let less = codecRequests(bytes[..<(end - 1)])
            #expect(less.ends == plain.count - 1, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
        #expect(recognised > 500)
    }

    @Test(arguments: 0..<2)
    func `a request is recognised alike however its bytes arrive`(seed: UInt64) {
        var streams = RequestStreams(seed: 100 + seed)
        for _ in 0..<150 {
            let bytes = streams.next()
            let last = recognise(bytes)
            for length in 1..<bytes.count {
                let early = recognise(bytes[..<length])
                #expect(early == .incomplete || early == last, "\(length) of \(bytes)")
            }
        }
    }

    @Test func `an ordinary request is recognised`() {
        let text = "POST /users/7?a=b HTTP/1.1\r\nHost: acme.localhost\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n{}"
        guard case .plain(let request) = recognise(text) else {
            Issue.record("not recognised")
            return
        }
        #expect(request.method == .post)
        #expect(request.length == text.utf8.count)
        #expect(request.contentLength == 2)
        #expect(request.marks.isEmpty)
    }

    @Test(arguments: [
        "GET /a HTTP/1.1\nHost: a\n\n", "GET /a HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "GET /a HTTP/1.1\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /a HTTP/1.0\r\nHost: a\r\n\r\n", "GET  /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 01\r\n\r\nx",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\nx",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nx",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\ntransfer-encoding: identity\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nX-A: b\u{0}c\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nX-A:\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a \r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n", "CONNECT a HTTP/1.1\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\r\n: a\r\n\r\n",
    ])
    func `what could be read in two ways is the codec's`(text: String) {
        #expect(recognise(text) == .unusual)
    }

    @Test func `a head longer than the limit is the codec's as soon as that is seen`() {
        let small = Recogniser(maxHeadLength: 64)
        let text = "GET /a HTTP/1.1\r\nHost: a\r\nX-A: " + String(repeating: "x", count: 100)
        #expect(Array(text.utf8).withUnsafeBytes { small.recognise($0) } == .unusual)
    }

    @Test func `more headers than the limit are the codec's`() {
        let lines = String(repeating: "A: b\r\n", count: 64)
        #expect(recognise("GET /a HTTP/1.1\r\nHost: a\r\n\(lines)\r\n") == .unusual)
    }
}
