/// Why a command ended without doing what it was asked; the number is the process's exit code.
struct CommandFailure: Error, Sendable {
    /// Exit codes for scripts, after `sysexits.h`; documented in docs/guide/command-line.md.
    enum Code: Int32, Sendable {
        /// The server refused.
        case refused = 1
        case usage = 64
        /// A file that was named cannot be read.
        case noInput = 66
        /// No server, or no store that a server needs, answers there.
        case unreachable = 69
        /// The server failed, or answered what nobody understands.
        case software = 70
        /// No token, or one that may not do this.
        case notAuthorized = 77
        case configuration = 78
    }

    let code: Code
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
