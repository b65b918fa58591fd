/// How much the journals may remember.
package struct JournalLimits: Sendable {
    /// What of a request's body is kept.
    package static let bodyBytes = 64 * 1024

    package var entriesPerWorkspace = 1000
    package var bytesPerWorkspace = 4 * 1024 * 1024
    /// Over all workspaces; beyond it the workspaces that were quiet longest are forgotten.
    package var totalBytes = 256 * 1024 * 1024
    package var streamsPerWorkspace = 32
    /// Entries that a stream's reader may be behind.
    package var streamBuffer = 256

    package init() {}
}
