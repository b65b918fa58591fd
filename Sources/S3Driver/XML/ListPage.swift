import Domain

/// One page of ListObjectsV2, asked for with `encoding-type=url`.
struct ListPage: Sendable {
    /// Keys whole, with every prefix.
    var objects: [(key: String, size: Int, modifiedAt: Timestamp)] = []
    var prefixes: [String] = []
    /// Asks for the next page; nil at the last.
    let continuation: String?

    init(_ body: [UInt8]) throws(XMLReader.Malformed) {
        let root = try XMLReader.read(body)
        guard root.name == "ListBucketResult" else { throw XMLReader.Malformed() }
        let isEncoded = root.text(of: "EncodingType") == "url"
        func decoded(_ text: String?) throws(XMLReader.Malformed) -> String {
            guard let text,
                let plain = isEncoded
                    ? try? PercentEncoding.decode(text[...], plusIsSpace: true, allowsNUL: true) : text
            else {
                throw XMLReader.Malformed()
            }
            return plain
        }
        for entry in root.all("Contents") {
            guard let size = entry.text(of: "Size").flatMap({ Int($0) }), size >= 0,
                let modifiedAt = entry.text(of: "LastModified").flatMap({ Timestamp(rfc3339: $0) })
            else { throw XMLReader.Malformed() }
            objects.append((try decoded(entry.text(of: "Key")), size, modifiedAt))
        }
        for entry in root.all("CommonPrefixes") { prefixes.append(try decoded(entry.text(of: "Prefix"))) }
        let next = root.text(of: "NextContinuationToken")
        continuation = root.text(of: "IsTruncated") == "true" ? next : nil
        guard continuation != nil || root.text(of: "IsTruncated") != "true" else { throw XMLReader.Malformed() }
    }
}

enum XMLText {
    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
