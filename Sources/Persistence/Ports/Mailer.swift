package import Domain

/// A message to one person.
package struct Mail: Sendable, Hashable {
    package let id: MailID
    package let to: String
    package let subject: String
    package let text: String
    /// The same as a page of HTML, where there is one.
    package let html: String?

    package init(id: MailID, to: String, subject: String, text: String, html: String? = nil) {
        self.id = id
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
    }
}

/// Delivers mail.
package protocol Mailer: Sendable {
    /// Whether sending the same `id` again delivers nothing more.
    var knowsRepeats: Bool { get }

    /// - Throws: `MailerError`; anything else counts as passing.
    func send(_ mail: Mail) async throws
}

extension Mailer {
    package var knowsRepeats: Bool { false }
}

/// A mail was not taken, or nobody knows whether it was.
package enum MailerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Later it may be: no connection, no answer, a refusal of the 4xx kind, or credentials that somebody has to set right.
    case passing(String)
    /// Never: the address is none, or the receiver refused it for good (5xx).
    case permanent(String)
    /// All of it was handed over and no answer came: sending it again may deliver it twice.
    case uncertain(String)

    package var description: String {
        switch self {
        case .passing(let sentence), .permanent(let sentence), .uncertain(let sentence): sentence
        }
    }
}
