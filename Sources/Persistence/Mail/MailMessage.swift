package import Domain

/// A mail as the bytes that travel (RFC 5322, with MIME): plain text, and the HTML beside it where there is one.
package struct MailMessage: Sendable {
    /// What `MAIL FROM` and `RCPT TO` say.
    package let sender: String
    package let recipient: String
    package let bytes: [UInt8]

    /// - Throws: `MailerError.permanent` for a recipient that is no address.
    package init(_ mail: Mail, from sender: MailSender, at now: Timestamp) throws(MailerError) {
        guard MailAddress.isValid(mail.to) else {
            throw .permanent("\"\(MailText.withoutControls(mail.to))\" is no mail address")
        }
        self.sender = sender.address
        recipient = mail.to
        var lines = [
            "Message-ID: <\(mail.id)@\(MailAddress.domain(sender.address))>",
            "Date: \(MailText.date(now))",
            "From: \(MailText.header(sender.name)) <\(sender.address)>",
            "To: <\(mail.to)>",
            "Subject: \(MailText.header(mail.subject))",
            // Answering machines keep silent.
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ]
        let plain = Self.part("text/plain", mail.text)
        if let html = mail.html {
            // No encoding that is used here leaves "=_" in a part.
            let boundary = "=_\(mail.id)"
            lines += ["Content-Type: multipart/alternative; boundary=\"\(boundary)\"", "", "--\(boundary)"]
            lines += plain + ["--\(boundary)"] + Self.part("text/html", html) + ["--\(boundary)--"]
        } else {
            lines += plain
        }
        bytes = Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    /// Headers, an empty line and the lines of a part.
    private static func part(_ type: String, _ text: String) -> [String] {
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        if lines.last == "" { lines.removeLast() }
        let isPlain = lines.allSatisfy { line in
            line.utf8.count <= 900 && line.utf8.allSatisfy { (32..<127).contains($0) || $0 == 9 }
                && !line.contains("=_")
        }
        let encoded = isPlain ? lines : lines.flatMap(MailText.quotedPrintable)
        return [
            "Content-Type: \(type); charset=utf-8",
            "Content-Transfer-Encoding: \(isPlain ? "7bit" : "quoted-printable")", "",
        ] + encoded
    }
}

/// Whom mail comes from.
package struct MailSender: Sendable, Hashable {
    package let address: String
    package let name: String

    package init(address: String, name: String) {
        self.address = address
        self.name = name
    }
}

package enum MailAddress {
    /// Whether a text can stand between `<` and `>` of an envelope and a header without meaning anything else. It may
    /// still be nobody's.
    package static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= 254, parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar.value > 32 && !(127...160).contains(scalar.value) && !"<>()[]\\,;:\"".unicodeScalars.contains(scalar)
        }
    }

    /// What is behind the `@`.
    package static func domain(_ address: String) -> Substring {
        address[address.index(after: address.lastIndex(of: "@") ?? address.startIndex)...]
    }
}

/// How text is written within a mail.
enum MailText {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let hexadecimal = Array("0123456789ABCDEF".utf8)
    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// So many bytes make an encoded word that fits on a line of 76 characters behind the name of a header.
    private static let wordBytes = 39

    /// A line break in a header would begin another one of the sender's choosing.
    static func withoutControls(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 32 || (127...159).contains($0.value) ? " " : $0 }))
    }

    /// Text of a header: as it is where it is short ASCII that means nothing else, else as encoded words (RFC 2047).
    static func header(_ text: String) -> String {
        let text = withoutControls(text)
        let isPlain =
            text.utf8.count <= 60 && !text.contains("=?")
            && text.utf8.allSatisfy { byte in
                (32..<127).contains(byte) && !"<>()[]\\,;:@\"".utf8.contains(byte)
            }
        if isPlain { return text }
        var words: [String] = []
        var word: [UInt8] = []
        for scalar in text.unicodeScalars {
            let bytes = UTF8.encode(scalar).map(Array.init) ?? []
            if word.count + bytes.count > wordBytes {
                words.append(encodedWord(word))
                word = []
            }
            word += bytes
        }
        words.append(encodedWord(word))
        return words.joined(separator: "\r\n ")
    }

    /// `Tue, 24 Nov 2026 17:07:11 +0000`.
    static func date(_ now: Timestamp) -> String {
        let time = now.calendarTime
        let day = days[Int((now.seconds / 86_400) % 7)]
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(day), \(two(time.day)) \(months[time.month - 1]) \(time.year) "
            + "\(two(time.hour)):\(two(time.minute)):\(two(time.second)) +0000"
    }

    /// One line as lines of at most 76 characters (RFC 2045).
    static func quotedPrintable(_ line: String) -> [String] {
        var lines: [String] = []
        var current: [UInt8] = []
        let bytes = Array(line.utf8)
        for (index, byte) in bytes.enumerated() {
            let isLast = index == bytes.count - 1
            let isPlain = (33..<127).contains(byte) && byte != UInt8(ascii: "=") || byte == 32 && !isLast
            let coded =
                isPlain ? [byte] : [UInt8(ascii: "="), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            if current.count + coded.count > 75 {
                lines.append(String(decoding: current, as: UTF8.self) + "=")
                current = []
            }
            current += coded
        }
        lines.append(String(decoding: current, as: UTF8.self))
        return lines
    }

    private static func encodedWord(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (16 - 8 * UInt32($1.offset)) }
            for index in 0..<4 {
                result.append(
                    index <= group.count ? base64[Int(bits >> (18 - 6 * UInt32(index)) & 63)] : UInt8(ascii: "="))
            }
        }
        return "=?UTF-8?B?\(String(decoding: result, as: UTF8.self))?="
    }
}
