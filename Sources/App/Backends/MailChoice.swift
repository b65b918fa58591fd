import Domain
import Persistence
import SMTPDriver

/// How mail leaves, as `mail.url` says.
enum MailChoice: Sendable, Equatable {
    /// Files in `outbox` in the data folder.
    case folder
    case smtp(SMTPAddress)

    init(_ url: String?) throws(BackendRefusal) {
        switch url {
        case nil, "folder": self = .folder
        case let url? where url.hasPrefix("smtp:") || url.hasPrefix("smtps:"):
            do { self = .smtp(try SMTPAddress(url)) } catch { throw BackendRefusal("\(error)") }
        case let url?:
            throw BackendRefusal(scheme: url, known: "folder (the data folder) or smtp://user:password@host:587?from=…")
        }
    }

    var isLocal: Bool { self == .folder }

    /// Reaches the server, and proves that it takes our login.
    ///
    /// - Throws: `CommandFailure` that names the key.
    func open(in folder: DataFolder, _ surroundings: Surroundings) async throws -> any Mailer {
        switch self {
        case .folder: return FolderMailer(folder.file("outbox"), surroundings: surroundings)
        case .smtp(let address):
            let mailer = SMTPMailer(address, surroundings: surroundings)
            do { try await mailer.connect() } catch let error as MailerError {
                switch error {
                case .passing(let sentence), .uncertain(let sentence):
                    throw CommandFailure(.mailURL, .unreachable, sentence)
                case .permanent(let sentence): throw CommandFailure(.mailURL, .configuration, sentence)
                }
            }
            return mailer
        }
    }
}
