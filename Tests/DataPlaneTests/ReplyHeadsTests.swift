import Testing

@testable import DataPlane

struct ReplyHeadsTests {
    private let heads = ReplyHeads()

    private func bytes(_ head: ReplyHeads.Head) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: head.start, count: head.count))
    }

    @Test func `equal heads are one, and others are not`() {
        let text = Array("HTTP/1.1 200 OK\r\n".utf8)
        let first = heads.head(text)
        let longer = heads.head(text + [0x41])
        #expect(heads.head(text) === first)
        #expect(longer !== first)
        #expect(bytes(first) == text)
        #expect(bytes(longer) == text + [0x41])
        #expect(bytes(heads.head([])).isEmpty)
    }

    @Test func `a head that nobody keeps is made anew and does not stay`() {
        let kept = (0..<40).map { heads.head(Array("kept \($0)".utf8)) }
        for number in 0..<10_000 { _ = heads.head(Array("\(number)".utf8)) }
        #expect(heads.count <= 150)
        for (number, head) in kept.enumerated() {
            #expect(heads.head(Array("kept \(number)".utf8)) === head)
        }
        #expect(bytes(heads.head(Array("7".utf8))) == Array("7".utf8))
    }
}
