/// Which bytes may stand where in a plain request: sets of ASCII as two words of bits.
enum ByteClass {
    @inline(__always)
    private static func contains(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
        if byte < 64 { return low >> UInt64(byte) & 1 != 0 }
        return byte < 128 && high >> UInt64(byte & 63) & 1 != 0
    }

    /// What may stand in a path segment as it is: letters, digits and ``-._~!$&'()*+,;=:@``.
    @inline(__always)
    static func isPath(_ byte: UInt8) -> Bool { contains(byte, 0x2FFF_7FD2_0000_0000, 0x47FF_FFFE_87FF_FFFF) }

    /// The same and `/`, `?` and `%`.
    @inline(__always)
    static func isQuery(_ byte: UInt8) -> Bool { contains(byte, 0xAFFF_FFF2_0000_0000, 0x47FF_FFFE_87FF_FFFF) }

    /// Letters, digits, `-` and `_`.
    @inline(__always)
    static func isName(_ byte: UInt8) -> Bool { contains(byte, 0x03FF_2000_0000_0000, 0x07FF_FFFE_87FF_FFFE) }

    /// Letters, digits, `-`, `.` and `:`.
    @inline(__always)
    static func isHost(_ byte: UInt8) -> Bool { contains(byte, 0x07FF_6000_0000_0000, 0x07FF_FFFE_07FF_FFFE) }

    /// Visible ASCII and the space.
    @inline(__always)
    static func isValue(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
