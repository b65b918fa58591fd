import Domain
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The first page of a counter file: what it is, who wrote it, and the number of its last window.
struct CounterFileHead: Sendable, Equatable {
    static let size = 4096
    static let version: UInt32 = 2
    /// In which the name of a slot stands before its durations.
    static let firstVersion: UInt32 = 1
    private static let magic = Array("MFUSAGE\n".utf8)
    private static let maxNodeLength = 32

    enum Offset {
        static let version = 8
        static let slotSize = 12
        static let sequence = 16
        static let node = 24
    }

    let version: UInt32
    let node: String
    /// The highest number that a window of this file has had.
    let sequence: Int

    init(node: String, sequence: Int = 0) {
        version = Self.version
        self.node = node
        self.sequence = sequence
    }

    /// Why a file's first page is not one of ours.
    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(Unreadable) {
        guard bytes.count >= Self.size else { throw Unreadable(description: "the file is shorter than its first page") }
        guard bytes.prefix(8).elementsEqual(Self.magic) else {
            throw Unreadable(description: "it does not begin as a usage counter file does")
        }
        version = bytes.loadUnaligned(fromByteOffset: Offset.version, as: UInt32.self)
        guard (Self.firstVersion...Self.version).contains(version) else {
            throw Unreadable(
                description: "its format is version \(version), and this program reads \(Self.firstVersion) to "
                    + "\(Self.version)")
        }
        guard bytes.loadUnaligned(fromByteOffset: Offset.slotSize, as: UInt32.self) == UInt32(CounterSlot.size) else {
            throw Unreadable(description: "its slots have another size")
        }
        let name = bytes[Offset.node..<Offset.node + Self.maxNodeLength].prefix { $0 != 0 }
        guard !name.isEmpty, name.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) }) else {
            throw Unreadable(description: "it does not say which process wrote it")
        }
        node = String(decoding: name, as: UTF8.self)
        let sequence = bytes.loadUnaligned(fromByteOffset: Offset.sequence, as: UInt64.self)
        guard sequence < UInt64(CounterSlot.greatest) else {
            throw Unreadable(description: "its last window has a number that no process reaches")
        }
        self.sequence = Int(sequence)
    }

    func write(to base: UnsafeMutableRawPointer) {
        precondition((1...Self.maxNodeLength).contains(node.utf8.count), "a node's name has 1 to 32 bytes")
        memset(base, 0, Self.size)
        for (index, byte) in node.utf8.enumerated() {
            base.storeBytes(of: byte, toByteOffset: Offset.node + index, as: UInt8.self)
        }
        base.storeBytes(of: UInt64(sequence), toByteOffset: Offset.sequence, as: UInt64.self)
        base.storeBytes(of: UInt32(CounterSlot.size), toByteOffset: Offset.slotSize, as: UInt32.self)
        base.storeBytes(of: Self.version, toByteOffset: Offset.version, as: UInt32.self)
        for (index, byte) in Self.magic.enumerated() {
            base.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
    }
}
