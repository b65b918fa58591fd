import JSON

/// The values of `format` that we check in numbers.
enum NumberFormat: String, Sendable {
    case int32, int64, float, double

    func accepts(_ number: JSONNumber) -> Bool {
        switch self {
        case .int32: number.integer.flatMap(Int32.init(exactly:)) != nil
        case .int64: number.integer != nil
        case .float: abs(number.double) <= Double(Float.greatestFiniteMagnitude)
        case .double: number.double.isFinite
        }
    }

    var expectation: String {
        switch self {
        case .int32: "a whole number from -2147483648 to 2147483647"
        case .int64: "a whole number from -9223372036854775808 to 9223372036854775807"
        case .float: "a number that a 32-bit float can hold"
        case .double: "a number that a 64-bit float can hold"
        }
    }
}
