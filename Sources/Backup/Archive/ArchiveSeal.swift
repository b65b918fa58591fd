import Crypto
import Domain
import Foundation
import JSON
import Persistence

/// The outer form of an archive: one line of JSON, then frames of four bytes of length (big-endian, the highest bit set in
/// the last frame) and content. With a key each content is a AES-256-GCM box whose nonce is the frame's number
/// and whether it is the last, so that frames cannot be changed, swapped, left out or cut off unnoticed.
struct ArchiveSeal: Sendable {
    static let format = "mockforge-backup"
    static let version = 1
    static let frameSize = 256 * 1024
    static let tagSize = 16
    static let longestHeader = 4096
    private static let lastBit: UInt32 = 1 << 31

    let header: [UInt8]
    private let key: SymmetricKey?

    /// A new archive.
    ///
    /// - Parameter label: which part of which backup it is, so that one cannot be passed off as another.
    init(label: String, key: BackupKey?, _ surroundings: Surroundings) {
        var object: JSONObject = [
            "format": .string(Self.format), "version": JSON(Self.version), "part": .string(label),
        ]
        if let key {
            var salt: [UInt8] = []
            for _ in 0..<4 { withUnsafeBytes(of: surroundings.random().bigEndian) { salt.append(contentsOf: $0) } }
            object["cipher"] = "AES-256-GCM"
            object["key_id"] = .string(key.id)
            object["salt"] = .string(Hexadecimal.text(salt))
            self.key = key.archiveKey(salt: salt)
        } else {
            self.key = nil
        }
        header = JSON.object(object).bytes + [UInt8(ascii: "\n")]
    }

    /// An archive whose first line was read.
    ///
    /// - Throws: `BackupError.refused` for another label, a later format or another key.
    init(header: [UInt8], label: String, key: BackupKey?) throws(BackupError) {
        self.header = header
        guard let json = try? JSON.parse(Array(header.dropLast())), json["format"]?.string == Self.format else {
            throw .damaged("this is no archive of mockforge")
        }
        guard let version = json["version"]?.integer, version <= Self.version else {
            throw .refused("the archive was made by a newer mockforge; install that one to read it")
        }
        guard json["part"]?.string == label else {
            throw .damaged("the archive is not that of \(label)")
        }
        guard let keyID = json["key_id"]?.string else {
            self.key = nil
            return
        }
        guard let key else {
            throw .refused("the backup is encrypted with key \(keyID); set backup.key or backup.key_file to that key")
        }
        guard key.id == keyID else {
            throw .refused(
                "the backup is encrypted with key \(keyID), and the configured one is \(key.id); set backup.key or "
                    + "backup.key_file to the former")
        }
        guard let salt = json["salt"]?.string, salt.utf8.count == 64 else {
            throw .damaged("the archive's first line is not readable")
        }
        self.key = key.archiveKey(
            salt: stride(from: 0, to: 64, by: 2).map { UInt8(salt.dropFirst($0).prefix(2), radix: 16) ?? 0 })
    }

    /// A frame around the content.
    func frame(_ content: [UInt8], number: UInt32, isLast: Bool) throws(BackupError) -> [UInt8] {
        var body = content
        if let key {
            do {
                let box = try AES.GCM.seal(
                    content, using: key, nonce: try nonce(number, isLast), authenticating: header)
                body = Array(box.ciphertext) + Array(box.tag)
            } catch { throw .failed("encryption failed: \(error)") }
        }
        let length = UInt32(body.count) | (isLast ? Self.lastBit : 0)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + body
    }

    /// The content of a frame's body.
    func content(_ body: [UInt8], number: UInt32, isLast: Bool) throws(BackupError) -> [UInt8] {
        guard let key else { return body }
        do {
            let box = try AES.GCM.SealedBox(
                nonce: try nonce(number, isLast), ciphertext: body.dropLast(Self.tagSize),
                tag: body.suffix(Self.tagSize))
            return Array(try AES.GCM.open(box, using: key, authenticating: header))
        } catch {
            throw .damaged("the archive was changed after it was written, or its key is another one")
        }
    }

    /// The length and the mark of the last frame out of a frame's first four bytes.
    static func length(_ head: [UInt8]) throws(BackupError) -> (count: Int, isLast: Bool) {
        let word = head.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let count = Int(word & ~lastBit)
        guard count <= frameSize + tagSize else { throw .damaged("the archive has a frame of impossible length") }
        return (count, word & lastBit != 0)
    }

    private func nonce(_ number: UInt32, _ isLast: Bool) throws -> AES.GCM.Nonce {
        try AES.GCM.Nonce(
            data: [UInt8](repeating: 0, count: 7)
                + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } + [isLast ? 1 : 0])
    }
}

extension ArchiveSeal {
    /// The whole sealed archive as a stream, made as it is read.
    func stream(of spool: Spool, _ onPiece: @escaping @Sendable ([UInt8]) -> Void) -> ObjectStream {
        ObjectStream(beginning: {
            var offset: Int?
            var number: UInt32 = 0
            return {
                guard let start = offset else {
                    offset = 0
                    onPiece(header)
                    return header
                }
                guard start >= 0 else { return nil }
                let content = try spool.read(at: start, Self.frameSize)
                let isLast = start + content.count >= spool.size
                let frame = try frame(content, number: number, isLast: isLast)
                offset = isLast ? -1 : start + content.count
                number += 1
                onPiece(frame)
                return frame
            }
        })
    }
}

/// Opens a sealed archive that arrives in pieces, into a spool.
struct ArchiveOpening {
    private enum State {
        case header
        case frames(ArchiveSeal)
        case done
    }

    private let label: String
    private let key: BackupKey?
    private let spool: Spool
    private var state = State.header
    private var buffer: [UInt8] = []
    private var number: UInt32 = 0

    init(label: String, key: BackupKey?, into spool: Spool) {
        self.label = label
        self.key = key
        self.spool = spool
    }

    mutating func add(_ piece: [UInt8]) throws(BackupError) {
        buffer += piece
        while try step() {}
    }

    /// - Throws: `BackupError.damaged` unless the last frame has come.
    func finish() throws(BackupError) {
        guard case .done = state, buffer.isEmpty else { throw .damaged("the archive is cut off") }
    }

    /// Whether there was something to take.
    private mutating func step() throws(BackupError) -> Bool {
        switch state {
        case .header:
            guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else {
                if buffer.count > ArchiveSeal.longestHeader { throw .damaged("this is no archive of mockforge") }
                return false
            }
            state = .frames(try ArchiveSeal(header: Array(buffer[...end]), label: label, key: key))
            buffer.removeSubrange(...end)
            return true
        case .frames(let seal):
            guard buffer.count >= 4 else { return false }
            let (count, isLast) = try ArchiveSeal.length(Array(buffer[..<4]))
            guard buffer.count >= 4 + count else { return false }
            try spool.append(try seal.content(Array(buffer[4..<4 + count]), number: number, isLast: isLast))
            buffer.removeSubrange(..<(4 + count))
            number += 1
            if isLast { state = .done }
            return true
        case .done:
            if !buffer.isEmpty { throw .damaged("something follows the end of the archive") }
            return false
        }
    }
}
