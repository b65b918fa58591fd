package import Domain

/// Mail as files in an outbox folder, named by the mail's id, so that sending one again changes nothing.
package struct FolderMailer: Mailer {
    package let knowsRepeats = true
    private let folder: Folder
    private let surroundings: Surroundings
    private let queue = WorkQueue(label: "mockforge.mail")

    private static let sender = MailSender(address: "mockforge@localhost", name: "MockForge")

    /// `root` is created when it is first needed.
    package init(_ root: String, surroundings: Surroundings = .system) {
        folder = Folder(root)
        self.surroundings = surroundings
    }

    package func send(_ mail: Mail) async throws {
        let name = mail.id.text + ".eml"
        let message = try MailMessage(mail, from: Self.sender, at: surroundings.now())
        do {
            try await queue.run { [folder] in
                try folder.create()
                if folder.size(of: name) != nil { return }
                try folder.write(message.bytes, name: name)
            }
        } catch let error as FolderError {
            throw MailerError.passing(error.description)
        }
    }
}
