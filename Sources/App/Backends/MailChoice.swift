import Persistence

/// How mail leaves, as `mail.url` says.
enum MailChoice: Sendable, Equatable {
    /// Files in `outbox` in the data folder.
    case folder

    init(_ url: String?) throws(BackendRefusal) {
        switch url {
        case nil, "folder": self = .folder
        case let url?: throw BackendRefusal(scheme: url, known: "folder (the data folder), or leave the key out")
        }
    }

    var isLocal: Bool { self == .folder }

    func open(in folder: DataFolder) -> any Mailer {
        switch self {
        case .folder: FolderMailer(folder.file("outbox"))
        }
    }
}
