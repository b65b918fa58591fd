import CPostgres

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The owner of one libpq connection, used by one thread.
struct ServerConnection: ~Copyable {
    let pointer: OpaquePointer

    /// Connects; blocks the calling thread up to the address's time limit for each host.
    ///
    /// - Throws: `ConnectFailure`.
    init(_ address: PostgresAddress) throws(ConnectFailure) {
        if let problem = mockforge_load_libpq() {
            throw ConnectFailure(missingLibrary: String(cString: problem))
        }
        let parameters = address.parameters
        let keywords = parameters.map { strdup($0.keyword) } + [nil]
        let values = parameters.map { strdup($0.value) } + [nil]
        defer { for text in keywords + values { free(text) } }
        let connection = keywords.map { UnsafePointer($0) }.withUnsafeBufferPointer { keywords in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
                PQconnectdbParams(keywords.baseAddress, values.baseAddress, 0)
            }
        }
        guard let connection else { throw ConnectFailure("out of memory", at: address) }
        guard PQstatus(connection) == CONNECTION_OK else {
            let message = String(cString: PQerrorMessage(connection))
            PQfinish(connection)
            throw ConnectFailure(message, at: address)
        }
        // Notices are not ours to print on standard error.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        pointer = connection
    }

    deinit { PQfinish(pointer) }
}

/// The owner of one result of libpq.
struct StatementResult: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }
    var rowCount: Int { Int(PQntuples(pointer)) }
    var columnCount: Int { Int(PQnfields(pointer)) }

    /// `COMMIT`, `UPDATE 3`, …
    var commandTag: String { String(cString: PQcmdStatus(pointer)) }

    /// Rows that the statement changed; 0 for one that changes none.
    var changedRows: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    func field(_ code: Int32) -> String? { PQresultErrorField(pointer, code).map { String(cString: $0) } }
}
