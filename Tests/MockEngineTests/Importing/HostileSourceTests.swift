import Domain
import JSON
import Testing

@testable import MockEngine

/// Files that are made to hurt: reading one must end soon, with a value or a problem.
struct HostileSourceTests {
    /// What repeats in a megabyte of text.
    private static let pieces = [
        "[", "{", "- ", "? ", "{a: ", "[[", "&a ", "*a ", "!t ", "'", "\"", "\\", "|\n", "a: ", "a:\n ", "<<: ", "#",
        "%", "\t",
        "\n\n", "---\n", "...\n", "{\"a\":", "[1,", "a\n", "\"\\u0041", "{a,", "[a: b, ", ", ", "? a\n: b\n",
        "- a: b\n  c: d\n",
    ]

    private func read(_ text: String) {
        let source = try? SourceDocument(Array(text.utf8))
        _ = source?.line(of: .root)
    }

    @Test(.timeLimit(.minutes(10)), arguments: pieces)
    func `a megabyte of one thing ends soon`(piece: String) {
        let clock = ContinuousClock()
        let text = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        #expect(clock.measure { read(text) } < .seconds(20))
    }

    @Test func `random changes of a sound file never crash the reader or the importer`() throws {
        let sound = Array(
            """
            openapi: 3.1.0
            info: {title: T, version: '1'}
            servers: [{url: 'https://{a}.example.com/{b}', variables: {a: {default: x}, b: {default: y}}}]
            paths: &paths
              /a/{id}.{format}?x=1:
                parameters: [{$ref: '#/components/parameters/P'}]
                get: &get
                  operationId: "get\\u0041"
                  responses:
                    200: &ok
                      headers: {X-A: {schema: {type: integer, minimum: 1}}}
                      content:
                        application/json:
                          schema: {$ref: '#/components/schemas/S'}
                          examples: {one: {value: {a: 1}}, two: {value: {a: x}}}
                    4XX: *ok
                    default: {<<: *ok}
              /b: {get: *get, put: {<<: *get, responses: {'204': {}}}}
            components:
              parameters: {P: {name: id, in: path, required: true, schema: {type: string}}}
              schemas: {S: {type: object, properties: {a: {type: integer}, s: {$ref: '#/components/schemas/S'}}}}
            """.utf8)
        #expect(try OpenAPIImporter.read(sound, surroundings: ImportingSamples.surroundings()).routes.count == 3)
        let characters = Array("[]{}:,#&*!|>'\"%@`-?\n \t\\0ax~$/<".utf8) + [0x00, 0xC3, 0xFF]
        let numbers = SeededCounter()
        func random(_ limit: Int) -> Int { Int((numbers.next() >> 17) % UInt64(limit)) }
        for _ in 0..<2000 {
            var bytes = sound
            for _ in 0...random(3) {
                let place = random(bytes.count)
                switch random(4) {
                case 0: bytes[place] = characters[random(characters.count)]
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(characters[random(characters.count)], at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + random(40)))
                }
            }
            _ = try? OpenAPIImporter.read(bytes, surroundings: ImportingSamples.surroundings())
        }
    }
}
