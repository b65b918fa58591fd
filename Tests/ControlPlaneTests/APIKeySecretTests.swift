import Domain
import Testing

@testable import ControlPlane

struct APIKeySecretTests {
    @Test func `a fresh key has the documented form and passes its own checksum`() {
        let secret = APIKeySecret(from: .system)
        #expect(secret.text.hasPrefix("sk_live_"))
        #expect(secret.text.utf8.count == 57)
        #expect(APIKeySecret(secret.text) != nil)
    }

    @Test func `a key with one character changed is refused without a lookup`() {
        let text = APIKeySecret(from: .system).text
        for offset in 8..<57 {
            var bytes = Array(text.utf8)
            bytes[offset] = bytes[offset] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
            #expect(APIKeySecret(String(decoding: bytes, as: UTF8.self)) == nil)
        }
    }

    @Test func `the largest 32 bytes fit in 43 digits of base 62`() {
        let largest = Base62.text([UInt8](repeating: 255, count: 32), length: 43)
        let longer = Base62.text([UInt8](repeating: 255, count: 32), length: 44)
        #expect(longer == "0" + largest)
    }

    @Test func `the checksum is the standard CRC-32`() {
        #expect(CyclicRedundancy.checksum("123456789".utf8) == 0xCBF4_3926)
    }
}
