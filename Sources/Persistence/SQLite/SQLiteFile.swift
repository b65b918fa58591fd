import Domain
import GRDB
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One open database file: a writer and a few readers, closed when the last user lets go of it.
final class SQLiteFile: Sendable {
    let path: String
    private let pool: DatabasePool
    private let opened: OpenedConnections

    private final class OpenedConnections: Sendable {
        let count = Atomic<Int>(0)
    }

    /// Opens the file, or creates it.
    ///
    /// - Parameter busyTimeout: how long a writer waits for one in another process, in seconds.
    init(path: String, readers: Int, busyTimeout: Double) throws {
        self.path = path
        let opened = OpenedConnections()
        self.opened = opened
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(busyTimeout)
        configuration.maximumReaderCount = readers
        configuration.prepareDatabase { _ in opened.count.add(1, ordering: .relaxed) }
        pool = try DatabaseError.translating {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // The pool sets NORMAL when it turns the write-ahead log on, with which a power cut may undo a commit.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            return pool
        }
        // By path: closing a descriptor of our own would release the locks that SQLite holds on the file.
        for suffix in ["", "-wal", "-shm"] { chmod(path + suffix, 0o600) }
    }

    /// Connections that were opened and, as the pool keeps them, are open.
    var connectionCount: Int { opened.count.load(ordering: .relaxed) }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        do {
            return try await pool.write { try body(SQLiteSession($0)) }
        } catch let error as GRDB.DatabaseError { throw DatabaseError(error) }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        do {
            return try await pool.read { try body(SQLiteSession($0)) }
        } catch let error as GRDB.DatabaseError { throw DatabaseError(error) }
    }

    /// Blocks the calling thread. Asks the writer, which is there once the file is open: a reader would have to be opened and to
    /// read the schema anew, and who comes to write needs none.
    func status(_ set: MigrationSet) throws -> SchemaStatus {
        try DatabaseError.translating {
            try pool.writeWithoutTransaction { connection in
                guard try connection.tableExists("ledger") else { return .empty }
                return try MigrationLedger(set).status(SQLiteSession(connection))
            }
        }
    }

    /// Blocks the calling thread. The write lock of the file is what keeps two starters apart.
    func migrate(_ set: MigrationSet, scope: DatabaseScope, at now: Timestamp) throws -> [Migration] {
        try DatabaseError.translating {
            try pool.write { try MigrationLedger(set).migrate(SQLiteSession($0), scope: scope, at: now) }
        }
    }

    /// Waits for running transactions, then closes. Blocks the calling thread.
    func close() throws {
        try DatabaseError.translating { try pool.close() }
    }
}
