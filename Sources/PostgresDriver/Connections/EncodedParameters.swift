import Persistence

/// Values in the form that libpq sends. Numbers go as text; texts go as bytes with their length, so that the server refuses
/// what it cannot store instead of cutting it off.
struct EncodedParameters {
    let types: [UInt32]
    private var bytes: [UInt8] = []
    /// Where each value begins; -1 for null.
    private var offsets: [Int] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    private enum TypeID {
        static let unknown: UInt32 = 0
        static let bigint: UInt32 = 20
        static let text: UInt32 = 25
        static let doublePrecision: UInt32 = 701
    }

    private static let maxCount = 65_535

    init(_ values: [SQLValue], in sql: String) throws {
        guard values.count <= Self.maxCount else { throw DatabaseError.failed("too many parameters in: \(sql)") }
        types = values.map { value in
            switch value {
            case .null: TypeID.unknown
            case .integer: TypeID.bigint
            case .real: TypeID.doublePrecision
            case .text: TypeID.text
            }
        }
        for value in values {
            switch value {
            case .null: add(nil, format: 0)
            case .integer(let integer): add(String(integer), format: 0)
            case .real(let real):
                add(real.isInfinite ? (real < 0 ? "-Infinity" : "Infinity") : real.isNaN ? "NaN" : "\(real)", format: 0)
            case .text(let text):
                guard !text.utf8.contains(0) else {
                    throw DatabaseError.failed("a text with a NUL character cannot be stored; in: \(sql)")
                }
                add(text, format: 1)
            }
        }
    }

    private mutating func add(_ text: String?, format: Int32) {
        formats.append(format)
        guard let text else {
            offsets.append(-1)
            lengths.append(0)
            return
        }
        offsets.append(bytes.count)
        bytes.append(contentsOf: text.utf8)
        lengths.append(Int32(bytes.count - offsets[offsets.count - 1]))
        bytes.append(0)
    }

    func withPointers<Result>(
        _ body: (
            Int32, UnsafePointer<UInt32>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?,
            UnsafePointer<Int32>?
        ) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBytes { raw in
            let base = raw.bindMemory(to: CChar.self).baseAddress
            let values = offsets.map { offset in offset < 0 ? nil : base.map { $0 + offset } }
            return try values.withUnsafeBufferPointer { values in
                try types.withUnsafeBufferPointer { types in
                    try lengths.withUnsafeBufferPointer { lengths in
                        try formats.withUnsafeBufferPointer { formats in
                            try body(
                                Int32(values.count), types.baseAddress, values.baseAddress, lengths.baseAddress,
                                formats.baseAddress)
                        }
                    }
                }
            }
        }
    }
}
