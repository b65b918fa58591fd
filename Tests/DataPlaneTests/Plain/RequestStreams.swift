/// Makes byte streams that are requests, nearly requests, or were requests before something went over them.
struct RequestStreams {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(state: seed) }

    private static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "get", "GE T"]
    private static let targets = [
        "/hello", "/hello?a=1&b=%20", "/users/4711", "/users/a.b", "/nothing", "/", "/hello/", "//hello", "/./hello",
        "/a/../hello", "/%68ello", "/w/default/hello", "/t/acme/hello", "/hello#x", "http://acme.localhost/hello", "*",
        "/hello?q=a b", "/caf\u{E9}", "/hello?\u{1}", "/slow", "/echo?x=1", "/conditional",
    ]
    private static let versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "http/1.1"]
    private static let hosts = [
        "acme.localhost", "acme.localhost", "acme.localhost", "ACME.localhost:8080", "localhost", "api.localhost",
        "never.localhost", "default--acme.localhost", "other--acme.localhost", "", "[::1]:80", "a b",
        "tenant-acme000001.localhost",
    ]
    private static let fields = [
        "User-Agent: curl/8.5.0", "Accept: */*", "accept-encoding: gzip, deflate, br", "Connection: keep-alive",
        "Connection: close", "Connection: Keep-Alive, Upgrade", "Upgrade: websocket", "Cache-Control: no-cache",
        "Content-Length: 0", "Content-Length: 5", "Content-Length: +5", "Content-Length: 05", "Content-Length: 5, 5",
        "Content-Length: 18446744073709551621", "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
        "Transfer-Encoding : chunked", "Expect: 100-continue", "Origin: https://shop.example", "Prefer: code=404",
        "X-Request-Id: mine-1", "X-Request-Id: \u{1}", "X-Forwarded-Host: other.localhost", "X-Api-Key: sk_live_valid",
        "Authorization: Bearer sk_live_valid", "Cookie: a=1; b=2", "X-Empty:", "X-Empty: ", "X-Spaces:   a b   ",
        "X-Tab:\tvalue", "X-Folded: a\r\n b", " X-Leading: a", "X Name: a", "X-Bad\u{0}: a", "Host: acme.localhost",
        "Host: other.localhost", "Trailer: X-A", "TE: trailers", "Proxy-Connection: keep-alive", "Keep-Alive: 5",
        "Content-Type: application/json", "X_Under: 1", "X.Dot: 1", "X-Long: \(String(repeating: "v", count: 300))",
        "Access-Control-Request-Method: POST", "X-Utf8: \u{E9}", "X-Kind: test", "X-Kind: other",
    ]
    private static let tame = [
        "User-Agent: curl/8.5.0", "Accept: */*", "accept-encoding: gzip, deflate, br", "Connection: keep-alive",
        "Cookie: a=1; b=2", "X-Kind: test", "X-Kind: other", "X-Spaces:   a b", "Content-Type: application/json",
        "Authorization: Bearer sk_live_secret", "X_Under: 1",
    ]

    /// Some requests in a row.
    mutating func next() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) { bytes += request() }
        if chance(2) { mutate(&bytes) }
        return bytes
    }

    /// Cuts a stream into up to six pieces.
    mutating func pieces(of bytes: [UInt8]) -> [[UInt8]] {
        let cuts = (0..<Int.random(in: 0...5, using: &random)).map { _ in
            Int.random(in: 0...bytes.count, using: &random)
        }
        let places = [0] + cuts.sorted() + [bytes.count]
        return zip(places, places.dropFirst()).map { Array(bytes[$0..<$1]) }.filter { !$0.isEmpty }
    }

    private mutating func request() -> [UInt8] {
        let isTame = chance(2)
        let method = isTame ? pick(Array(Self.methods[..<6])) : pick(Self.methods)
        let target = isTame ? pick(Array(Self.targets[..<7])) : pick(Self.targets)
        var lines = ["\(method) \(target) \(isTame ? "HTTP/1.1" : pick(Self.versions))"]
        if isTame || !chance(10) { lines.append("Host: \(isTame ? "acme.localhost" : pick(Self.hosts))") }
        for _ in 0..<Int.random(in: 0...4, using: &random) { lines.append(pick(isTame ? Self.tame : Self.fields)) }
        var body = ""
        if chance(3) {
            body = pick(["12345", "{\"a\": 1}", "5\r\nhello\r\n0\r\n\r\n", "GET /hello HTTP/1.1\r\n\r\n"])
            if isTame || chance(2) { lines.append("Content-Length: \(body.utf8.count)") }
        }
        if lines.count > 2, chance(4) { lines.swapAt(lines.count - 1, lines.count - 2) }
        let end = isTame || !chance(8) ? "\r\n" : pick(["\n", "\r", "\r\r\n"])
        return Array((lines.joined(separator: end) + end + end + body).utf8)
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(pick(Array("\r\n :\t%/.0;,\u{0}".utf8)), at: place)
            case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 20)], at: place)
            case 4: bytes.removeSubrange(place..<min(bytes.count, place + 5))
            default: bytes[place] ^= 0x20
            }
        }
    }

    private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }

    private mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &random)]
    }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
