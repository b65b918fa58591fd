import Domain
import MockEngine

/// A plain request with its bytes, for as long as it is being answered.
struct PlainExchange {
    let request: PlainRequest
    /// From the request's first byte; all of it.
    let bytes: UnsafeRawBufferPointer
    let host: KnownHost

    var path: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes.bindMemory(to: UInt8.self)[request.path])
    }

    /// Whether the path names a workspace.
    var namesWorkspace: Bool {
        let path = path
        return path.count >= 3 && path[1] == UInt8(ascii: "w") && path[2] == UInt8(ascii: "/")
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The request as the engine sees it: the same as the codec's way makes of it.
    func view(_ number: RequestNumber, receivedAt: Timestamp) -> RequestView {
        var headers: [HeaderField] = []
        headers.reserveCapacity(12)
        headers.append(HeaderField("host", host.text))
        HeaderLines(bytes, request.headers).forEach { headers.append(HeaderField($0, $1)) }
        headers.append(HeaderField("x-request-id", number.text))
        return RequestView(
            MockRequest(
                method: request.method.name, host: host.text, path: text(request.path),
                query: request.query.map(text), headers: headers,
                body: Array(bytes[request.headLength..<request.length]), receivedAt: receivedAt))
    }
}

/// The header lines of a plain request without its host.
struct HeaderLines {
    private let bytes: UnsafeRawBufferPointer
    private let range: Range<Int>

    /// - Parameter range: the lines, each with its line end, as the recogniser found them.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        self.range = range
    }

    /// Gives names in lower case and values without the spaces before them.
    func forEach(_ body: (_ name: String, _ value: String) -> Void) {
        var position = range.lowerBound
        while position < range.upperBound {
            let nameStart = position
            while bytes[position] != UInt8(ascii: ":") { position += 1 }
            let name = nameStart..<position
            position += 1
            while bytes[position] == UInt8(ascii: " ") { position += 1 }
            let valueStart = position
            while bytes[position] != UInt8(ascii: "\r") { position += 1 }
            let value = valueStart..<position
            position += 2
            let key = lowercased(name)
            if key != "host" { body(key, String(decoding: bytes[value], as: UTF8.self)) }
        }
    }

    private func lowercased(_ range: Range<Int>) -> String {
        String(unsafeUninitializedCapacity: range.count) { text in
            for offset in 0..<range.count {
                let byte = bytes[range.lowerBound + offset]
                let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                text.initializeElement(at: offset, to: isUpper ? byte | 0x20 : byte)
            }
            return range.count
        }
    }
}
