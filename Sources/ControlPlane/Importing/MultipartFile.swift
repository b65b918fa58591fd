import Domain

/// The one file in a `multipart/form-data` body (RFC 7578), as `curl -F file=@api.yaml` sends it.
enum MultipartFile {
    /// The file's bytes; a body of any other media type is the file itself.
    static func unwrap(_ body: [UInt8], contentType: String) throws(Problem) -> [UInt8] {
        guard contentType.lowercased().hasPrefix("multipart/form-data") else { return body }
        guard let boundary = boundary(contentType) else {
            throw malformed("the Content-Type has no boundary")
        }
        let delimiter = Array("--\(boundary)".utf8)
        guard var start = find(delimiter, in: body, from: 0).map({ $0 + delimiter.count }) else {
            throw malformed("the boundary is not in the body")
        }
        while true {
            guard body[start...].starts(with: lineEnd) else { throw malformed("it has no file") }
            guard let headerEnd = find(lineEnd + lineEnd, in: body, from: start),
                let end = find(lineEnd + delimiter, in: body, from: headerEnd + 2)
            else { throw malformed("a part does not end") }
            let headers = String(decoding: body[start..<headerEnd], as: UTF8.self).lowercased()
            let content = headerEnd + 4
            if content <= end, headers.contains("filename=") || headers.contains("name=\"file\"") {
                return Array(body[content..<end])
            }
            start = end + 2 + delimiter.count
        }
    }

    private static let lineEnd: [UInt8] = [0x0D, 0x0A]

    private static func boundary(_ contentType: String) -> String? {
        for part in contentType.split(separator: ";").dropFirst() {
            let part = part.drop { $0 == " " }
            guard part.lowercased().hasPrefix("boundary=") else { continue }
            let value = part.dropFirst("boundary=".count).filter { $0 != "\"" }
            return (1...70).contains(value.count) ? value : nil
        }
        return nil
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + pattern.count <= bytes.count {
            guard let first = bytes[index...].firstIndex(of: pattern[0]), first + pattern.count <= bytes.count else {
                return nil
            }
            if bytes[first..<first + pattern.count].elementsEqual(pattern) { return first }
            index = first + 1
        }
        return nil
    }

    private static func malformed(_ reason: String) -> Problem {
        Problem(
            .badRequest, code: "malformed_multipart",
            detail: "The multipart body cannot be read: \(reason). Send the file in a field named \"file\".")
    }
}
