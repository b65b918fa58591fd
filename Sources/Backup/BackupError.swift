/// Why a backup, a restore or a move did not happen. Each is one sentence for the operator, without secrets.
package enum BackupError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was asked for cannot be done as things are: no such backup, a tenant that is there, a wrong key.
    case refused(String)
    /// The archive is not what was written.
    case damaged(String)
    /// The machine did not play along, such as a full disk.
    case failed(String)

    package var description: String {
        switch self {
        case .refused(let sentence), .damaged(let sentence), .failed(let sentence): sentence
        }
    }
}
