import Crypto
import Domain
import Foundation
import JSON
import S3Driver
import TestSupport
import Testing

/// Our signatures against those of botocore, over generated requests.
@Suite(
    .enabled(
        if: Services.python != nil,
        "MOCKFORGE_TEST_PYTHON names no Python with botocore; `scripts/services run FOLDER s3 -- …` sets it"))
struct SignatureTests {
    private struct Case {
        let request: S3Request
        let credentials: S3Credentials
        let secret: String
        let token: String?
        let region: String
        let body: String
        /// Nil for a signature in headers.
        let expires: Int?
        let at: Int64

        var json: JSON {
            let pairs = { (list: [(name: String, value: String)]) -> JSON in
                .array(list.map { [.string($0.name), .string($0.value)] })
            }
            return [
                "method": .string(request.method), "authority": .string(request.authority),
                "path": .string(request.path), "query": pairs(request.query), "headers": pairs(request.headers),
                "access": .string(credentials.accessKey), "secret": .string(secret), "token": JSON(token),
                "region": .string(region), "body": .string(body), "expires": JSON(expires), "at": JSON(Int(at)),
            ]
        }

        func signature() -> String? {
            let signer = SignatureV4(credentials, region: region)
            let now = Timestamp(seconds: at)
            if let expires {
                return signer.presign(request, for: .seconds(expires), at: now).query.last?.value
            }
            let hash = SHA256.hash(data: Array(body.utf8)).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            return signer.sign(request, payloadHash: hash.joined(), at: now).headers
                .first { $0.name == "authorization" }?.value
        }
    }

    private static let alphabets = [
        "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789", "-._~!$&'()*+,;=:@ %/?#[]\"<>\\^`{|}", "äß漢字🙂é",
    ].map { Array($0) }

    private static func text(
        _ lengths: ClosedRange<Int>, _ kinds: Int = 3, _ generator: inout some RandomNumberGenerator
    ) -> String {
        String(
            (0..<Int.random(in: lengths, using: &generator)).map { _ in
                alphabets[Int.random(in: 0..<kinds, using: &generator)].randomElement(using: &generator)!
            })
    }

    private static func cases(_ count: Int) -> [Case] {
        var generator = TestSurroundings().surroundings.generator
        return (0..<count).map { number in
            let isPresigned = number % 3 == 0
            var query: [(name: String, value: String)] = []
            for index in 0..<Int.random(in: 0...4, using: &generator) {
                query.append(("\(text(1...6, 3, &generator))\(index)", text(0...12, 3, &generator)))
            }
            var headers: [(name: String, value: String)] = []
            if !isPresigned {
                for index in 0..<Int.random(in: 0...3, using: &generator) {
                    let words = (0...2).map { _ in text(1...5, 1, &generator) }
                    headers.append(("x-amz-meta-\(index)", words.joined(separator: "   ")))
                }
            }
            let segments = (0..<Int.random(in: 1...5, using: &generator)).map { _ in text(0...10, 3, &generator) }
            let secret = text(10...40, 2, &generator)
            let token = Bool.random(using: &generator) ? text(10...40, 2, &generator) : nil
            return Case(
                request: S3Request(
                    method: ["GET", "PUT", "POST", "DELETE", "HEAD"].randomElement(using: &generator)!,
                    authority: ["127.0.0.1:9000", "bucket.s3.eu-west-1.amazonaws.com", "[::1]:81"]
                        .randomElement(using: &generator)!,
                    path: "/" + segments.joined(separator: "/"), query: query, headers: headers),
                credentials: S3Credentials(
                    accessKey: "AK" + text(3...18, 1, &generator), secretKey: secret, sessionToken: token),
                secret: secret, token: token,
                region: ["us-east-1", "eu-central-1"].randomElement(using: &generator)!,
                body: isPresigned || number % 2 == 0 ? "" : text(0...200, 3, &generator),
                expires: isPresigned ? Int.random(in: 1...604_800, using: &generator) : nil,
                at: Int64.random(in: 1_000_000_000...4_000_000_000, using: &generator))
        }
    }

    @Test func `three thousand signatures are those of botocore`() throws {
        let cases = Self.cases(3000)
        let process = Process()
        process.executableURL = URL(filePath: try #require(Services.python))
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Signer/sign.py")
        process.arguments = [script.path]
        let (folder, output) = (TemporaryFolder(), Pipe())
        let input = URL(filePath: folder.path + "/cases.json")
        try Data(JSON.array(cases.map(\.json)).bytes).write(to: input)
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let theirs = try #require(try JSON.parse(Array(bytes)).array)
        #expect(theirs.count == cases.count)
        var differing = 0
        for (own, their) in zip(cases, theirs) where own.signature() != their.string {
            differing += 1
            if differing <= 3 {
                Issue.record("\(own.json.text)\nours:   \(own.signature() ?? "")\ntheirs: \(their.string ?? "")")
            }
        }
        #expect(differing == 0)
    }
}
