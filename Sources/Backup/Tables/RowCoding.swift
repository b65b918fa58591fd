import JSON
import Persistence

/// A row as a JSON array. Real numbers are `{"real": "1.5"}`, so that an integer never comes back as one.
enum RowCoding {
    static func bytes(_ values: [SQLValue]) -> [UInt8] {
        JSON.array(
            values.map { value in
                switch value {
                case .null: .null
                case .integer(let integer): JSON(integer)
                case .real(let real): .object(["real": .string(real.description)])
                case .text(let text): .string(text)
                }
            }
        ).bytes
    }

    /// - Throws: `BackupError.damaged` for anything that `bytes` does not write.
    static func values(_ bytes: [UInt8], count: Int) throws(BackupError) -> [SQLValue] {
        guard let items = try? JSON.parse(bytes).array, items.count == count else {
            throw .damaged("a row of the archive is not readable")
        }
        var values: [SQLValue] = []
        values.reserveCapacity(count)
        for item in items {
            switch item {
            case .null: values.append(.null)
            case .string(let text): values.append(.text(text))
            case .number(let number):
                guard let integer = number.integer else { throw .damaged("a row of the archive has a wrong number") }
                values.append(.integer(Int64(integer)))
            case .object(let object):
                guard let real = object["real"]?.string.flatMap(Double.init) else {
                    throw .damaged("a row of the archive has a wrong value")
                }
                values.append(.real(real))
            case .bool, .array: throw .damaged("a row of the archive has a wrong value")
            }
        }
        return values
    }
}
