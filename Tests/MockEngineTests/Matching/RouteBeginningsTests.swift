import Testing

@testable import MockEngine

struct RouteBeginningsTests {
    private func bytes<Result>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        var text = text
        return text.withUTF8(body)
    }

    private func places(_ beginnings: RouteBeginnings, on path: String) -> [Int] {
        var places: [Int] = []
        bytes(path) { beginnings.forEachPlace(on: $0) { places.append($0) } }
        return places
    }

    /// The nodes that the segments lead to from the root.
    private func nodes(_ table: RouteTable, _ segments: [String]) -> [Int] {
        var (node, hash, found) = (table.nodes.root, PathHash.root, [Int]())
        for segment in segments {
            bytes(segment) { text in
                let key = SegmentKey(text)
                hash = hash.literal(key)
                node = table.nodes.child(of: node, hash, key, text)
            }
            found.append(Int(node))
        }
        return found
    }

    @Test func `each place is that of the node, or a few before it`() throws {
        let table = try RouteTableTests.table(
            (0..<2000).map { "GET /m\($0 / 50)/resource-with-a-long-name-\($0)/{id}" })
        let beginnings = table.nodes.beginnings
        for number in 0..<2000 {
            let segments = ["m\(number / 50)", "resource-with-a-long-name-\(number)"]
            let places = places(beginnings, on: "/" + segments.joined(separator: "/") + "/4711")
            let nodes = nodes(table, segments)
            #expect(places.count == 2)
            for (place, node) in zip(places, nodes) {
                // Some 3,400 places: a place by chance would be so near for one in seventeen.
                let distance = (node - place + Int(beginnings.count)) % Int(beginnings.count)
                #expect(node >= 0 && distance < 200, "\(segments)")
            }
        }
    }

    @Test func `no more segments are looked at than lead on literally from the root`() throws {
        let table = try RouteTableTests.table(["GET /a/{b}/c/d/e", "GET /a/f", "GET /{g}/h/i/j"])
        #expect(places(table.nodes.beginnings, on: "/a/f/c/d/e").count == 2)
        #expect(places(table.nodes.beginnings, on: "/a").count == 1)
        #expect(places(table.nodes.beginnings, on: "/").isEmpty)
        #expect(places(try RouteTableTests.table(["GET /{g}/h"]).nodes.beginnings, on: "/g/h").isEmpty)
    }
}
