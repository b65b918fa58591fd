import Domain

/// Mail as files in an outbox folder, named by the mail's id, so that sending one again changes nothing.
package struct FolderMailer: Mailer {
    private let folder: Folder
    private let queue = WorkQueue(label: "mockforge.mail")

    /// `root` is created when it is first needed.
    package init(_ root: String) { folder = Folder(root) }

    package func send(_ mail: Mail) async throws {
        let name = mail.id.text + ".eml"
        let text = """
            Message-ID: <\(mail.id)@mockforge>\r
            To: \(Self.headerValue(mail.to))\r
            Subject: \(Self.headerValue(mail.subject))\r
            MIME-Version: 1.0\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Transfer-Encoding: 8bit\r
            \r
            \(Self.lines(mail.text))
            """
        try await queue.run { [folder] in
            try folder.create()
            if folder.size(of: name) != nil { return }
            try folder.write(Array(text.utf8), name: name)
        }
    }

    /// A line break in an address or subject would begin a header of the sender's choosing.
    private static func headerValue(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
    }

    private static func lines(_ text: String) -> String {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { $0 + "\r\n" }.joined()
    }
}
