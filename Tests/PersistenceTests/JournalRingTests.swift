import Domain
import Persistence
import TestSupport
import Testing

/// An entry whose body is all it packs.
private struct PackedText: PackedJournalEntry {
    let entry: JournalEntry

    var receivedAt: Timestamp { entry.receivedAt }
    var packedLength: Int { entry.body.utf8.count }

    func pack(to target: UnsafeMutableRawBufferPointer) {
        #expect(Int(bitPattern: target.baseAddress) % 8 == 0)
        target.copyBytes(from: entry.body.utf8)
    }

    static func unpack(_ bytes: UnsafeRawBufferPointer) -> JournalEntry {
        journalEntry(body: String(decoding: bytes, as: UTF8.self))
    }
}

/// Packs the same, and reads it in capitals.
private struct PackedCapitals: PackedJournalEntry {
    let text: PackedText

    var receivedAt: Timestamp { text.receivedAt }
    var packedLength: Int { text.packedLength }

    func pack(to target: UnsafeMutableRawBufferPointer) { text.pack(to: target) }

    static func unpack(_ bytes: UnsafeRawBufferPointer) -> JournalEntry {
        journalEntry(body: PackedText.unpack(bytes).body.uppercased())
    }
}

private func journalEntry(body: String) -> JournalEntry {
    JournalEntry(
        id: JournalID("req_0000000000000000")!, receivedAt: Timestamp(seconds: 1), method: "GET", host: "h", path: "/",
        query: nil, headers: [], body: body, isBodyTruncated: false, status: 200, mockID: nil, routeID: nil,
        durationMicroseconds: 1)
}

@Suite struct JournalRingTests {
    /// What both ways of keeping hold, in order, as the ring should have it.
    private func check(_ limits: JournalLimits, longest: Int, seed: UInt64, unpacked share: Double) {
        var random = TestSurroundings(seed: seed).surroundings.generator
        var ring = JournalRing()
        var expected: [String] = []
        var total = 0
        for number in 0..<1500 {
            let length = Int.random(in: 0...longest, using: &random)
            let entry = journalEntry(body: "\(number) " + String(repeating: "x", count: length))
            let isUnpacked = Double.random(in: 0..<1, using: &random) < share
            let isInCapitals = !isUnpacked && Int.random(in: 0..<20, using: &random) == 0
            let (growth, forgotten) =
                if isUnpacked {
                    ring.append(ReadJournalEntry(entry), limits)
                } else if isInCapitals {
                    ring.append(packed: PackedCapitals(text: PackedText(entry: entry)), limits)
                } else {
                    ring.append(packed: PackedText(entry: entry), limits)
                }
            expected.append(isInCapitals ? entry.body.uppercased() : entry.body)
            expected.removeFirst(forgotten)
            total += growth
            #expect(ring.count == expected.count)
            #expect(ring.bytes == total)
            #expect(ring.count <= limits.entriesPerWorkspace)
            #expect(ring.bytes <= limits.bytesPerWorkspace || ring.count == 1)
            if number % 10 == 0 {
                #expect(ring.entries.map { $0.read().body } == expected)
                let places = Int.random(in: 0...ring.count, using: &random)..<ring.count
                #expect(ring.entries(places).map { $0.read().body } == Array(expected[places]))
            }
        }
    }

    @Test(arguments: [0, 0.1, 0.5, 1], 0..<4)
    func `entries come back whole and in order while older ones are forgotten`(unpacked share: Double, seed: Int) {
        for (entries, bytes, longest) in [(100, 1 << 20, 300), (1000, 20_000, 300), (1000, 20_000, 9000), (1, 500, 90)]
        {
            var limits = JournalLimits()
            limits.entriesPerWorkspace = entries
            limits.bytesPerWorkspace = bytes
            check(limits, longest: longest, seed: UInt64(seed), unpacked: share)
        }
    }

    @Test func `an entry over the limit is kept alone`() {
        var limits = JournalLimits()
        limits.bytesPerWorkspace = 1000
        var ring = JournalRing()
        for length in [10, 5000, 20] {
            _ = ring.append(
                packed: PackedText(entry: journalEntry(body: String(repeating: "x", count: length))), limits)
        }
        #expect(ring.entries.map { $0.read().body.count } == [20])
    }

    @Test func `memory grows with what is kept and does not run ahead of it`() {
        let limits = JournalLimits()
        var ring = JournalRing()
        var content = 0
        for _ in 0..<limits.entriesPerWorkspace * 3 {
            let entry = PackedText(entry: journalEntry(body: String(repeating: "x", count: 200)))
            content += ring.append(packed: entry, limits).forgotten == 0 ? 208 : 0
            #expect(ring.bytes <= max(content * 3 / 2, 256))
        }
        #expect(ring.count == limits.entriesPerWorkspace)
        #expect(ring.bytes <= ring.count * 208 * 5 / 4)
    }
}
