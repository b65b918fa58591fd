/// The one form in which the path of a request is compared, counted and logged.
///
/// In the normal form a path begins with `/`; has no empty segment but perhaps the last, no `.` and no `..`; unreserved
/// characters stand unescaped; escapes are in upper case; and every other byte that may not stand in a segment is
/// escaped. `%2F` stays as it is: it is a slash inside one segment.
package enum RequestPath {
    /// Why a path has no normal form.
    package enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case noLeadingSlash
        /// A `%` without two hexadecimal digits after it; the offset counts bytes.
        case invalidEscape(offset: Int)
        /// A control character, as it is or escaped; the offset counts bytes.
        case controlCharacter(offset: Int)

        package var description: String {
            switch self {
            case .noLeadingSlash: "the path must begin with \"/\""
            case .invalidEscape(let offset):
                "the path has a \"%\" without two hexadecimal digits after it, at byte \(offset)"
            case .controlCharacter(let offset): "the path has a control character at byte \(offset)"
            }
        }
    }

    /// The normal form of `path`, which is what stands before `?`; an empty path is `/`.
    ///
    /// A path that is in normal form comes back as it is, without an allocation.
    package static func normalise(_ path: String) throws(Refusal) -> String {
        if path.isEmpty { return "/" }
        var path = path
        let rewritten: Result<String?, Refusal> = path.withUTF8 { bytes in
            if isNormal(bytes) { return .success(nil) }
            return Result { () throws(Refusal) in String(decoding: try rewrite(bytes), as: UTF8.self) }
        }
        return try rewritten.get() ?? path
    }

    private static func isNormal(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.first == PathEncoding.slash else { return false }
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == PathEncoding.slash {
                if index + 1 < bytes.count, bytes[index + 1] == PathEncoding.slash { return false }
                if isDotSegment(bytes, from: index + 1) { return false }
                index += 1
            } else if PathEncoding.isSegmentCharacter(byte) {
                index += 1
            } else if byte == PathEncoding.percent, isNormalEscape(bytes, at: index) {
                index += 3
            } else {
                return false
            }
        }
        return true
    }

    /// Whether the segment that begins at `start` is `.` or `..`.
    private static func isDotSegment(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool {
        var end = start
        while end < bytes.count, end - start < 3, bytes[end] != PathEncoding.slash {
            guard bytes[end] == PathEncoding.dot else { return false }
            end += 1
        }
        return end - start == 1 || end - start == 2
    }

    private static func isNormalEscape(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        guard index + 2 < bytes.count, isUpperCaseDigit(bytes[index + 1]), isUpperCaseDigit(bytes[index + 2]),
            let high = PathEncoding.hexadecimalValue(bytes[index + 1]),
            let low = PathEncoding.hexadecimalValue(bytes[index + 2])
        else { return false }
        let value = high << 4 | low
        return !PathEncoding.isUnreserved(value) && !PathEncoding.isControl(value)
    }

    private static func isUpperCaseDigit(_ byte: UInt8) -> Bool { byte < UInt8(ascii: "a") }

    private static func rewrite(_ bytes: UnsafeBufferPointer<UInt8>) throws(Refusal) -> [UInt8] {
        guard bytes.first == PathEncoding.slash else { throw .noLeadingSlash }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 16)
        var index = 0
        while index < bytes.count {
            // Here `index` is at the slash before a segment, and `result` holds only finished segments.
            let segmentStart = result.count
            result.append(PathEncoding.slash)
            index += 1
            while index < bytes.count, bytes[index] != PathEncoding.slash {
                index = try appendCharacter(at: index, of: bytes, to: &result)
            }
            close(segmentFrom: segmentStart, isLast: index == bytes.count, in: &result)
        }
        return result.isEmpty ? [PathEncoding.slash] : result
    }

    /// Appends the character at `index` in its normal form; gives the index of the next one.
    private static func appendCharacter(
        at index: Int, of bytes: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]
    ) throws(Refusal) -> Int {
        let byte = bytes[index]
        if PathEncoding.isControl(byte) { throw .controlCharacter(offset: index) }
        guard byte == PathEncoding.percent else {
            if PathEncoding.isSegmentCharacter(byte) {
                result.append(byte)
            } else {
                PathEncoding.appendEscaped(byte, to: &result)
            }
            return index + 1
        }
        guard index + 2 < bytes.count, let high = PathEncoding.hexadecimalValue(bytes[index + 1]),
            let low = PathEncoding.hexadecimalValue(bytes[index + 2])
        else { throw .invalidEscape(offset: index) }
        let value = high << 4 | low
        if PathEncoding.isControl(value) { throw .controlCharacter(offset: index) }
        if PathEncoding.isUnreserved(value) {
            result.append(value)
        } else {
            PathEncoding.appendEscaped(value, to: &result)
        }
        return index + 3
    }

    /// Drops an empty or dot segment, with `..` the one before it too; a dropped last segment leaves its slash.
    private static func close(segmentFrom start: Int, isLast: Bool, in result: inout [UInt8]) {
        let length = result.count - start - 1
        let isDots = length <= 2 && result[(start + 1)...].allSatisfy { $0 == PathEncoding.dot }
        guard isDots else { return }
        result.removeSubrange(start...)
        if length == 2, let parent = result.lastIndex(of: PathEncoding.slash) { result.removeSubrange(parent...) }
        if isLast { result.append(PathEncoding.slash) }
    }
}
