/// The spelling rules of the exposition format 0.0.4.
enum TextFormat {
    static func heading(_ name: String, help: String, type: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "# HELP \(name) ".utf8)
        for byte in help.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(contentsOf: "\n# TYPE \(name) \(type)\n".utf8)
    }

    static func labels(_ names: [String], _ values: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in zip(names, values) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: name.utf8)
            bytes.append(contentsOf: "=\"".utf8)
            for byte in value.utf8 {
                switch byte {
                case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
                case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
                case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
                default: bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
        return bytes
    }

    /// A line, in pieces that are all bytes already: a large installation has a hundred thousand of them.
    ///
    /// - Parameter edge: one more label, of a histogram's bucket.
    static func sample(
        _ name: [UInt8], _ labels: [UInt8], edge: [UInt8] = [], to bytes: inout [UInt8],
        value: (inout [UInt8]) -> Void
    ) {
        bytes.append(contentsOf: name)
        if !labels.isEmpty || !edge.isEmpty {
            bytes.append(UInt8(ascii: "{"))
            bytes.append(contentsOf: labels)
            if !labels.isEmpty, !edge.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: edge)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
        value(&bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    static func number(_ value: Double, to bytes: inout [UInt8]) {
        if let count = UInt64(exactly: value) {
            number(count, to: &bytes)
        } else if value.isInfinite {
            bytes.append(contentsOf: (value < 0 ? "-Inf" : "+Inf").utf8)
        } else if let integer = Int64(exactly: value) {
            bytes.append(contentsOf: String(integer).utf8)
        } else {
            bytes.append(contentsOf: (value.isNaN ? "NaN" : "\(value)").utf8)
        }
    }

    static func number(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        if bytes.count - start > 1 { bytes[start...].reverse() }
    }
}
