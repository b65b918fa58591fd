package import Domain

/// A message to one person. Never holds a key or another secret.
package struct Mail: Sendable, Hashable {
    package let id: MailID
    package let to: String
    package let subject: String
    package let text: String

    package init(id: MailID, to: String, subject: String, text: String) {
        self.id = id
        self.to = to
        self.subject = subject
        self.text = text
    }
}

/// Delivers mail. Sending the same `id` twice must not deliver twice where the transport can tell.
package protocol Mailer: Sendable {
    func send(_ mail: Mail) async throws
}
