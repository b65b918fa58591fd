import JSON

/// The record before a table's rows.
struct ArchiveTableHead: Sendable {
    /// Whether the table is in the platform's schema.
    let isPlatform: Bool
    /// As it was when the archive was written.
    let table: ArchivedTable

    var bytes: [UInt8] {
        let json: JSON = [
            "schema": .string(isPlatform ? "platform" : "tenant"), "table": .string(table.name),
            "columns": .array(table.columns.map { .string($0) }), "key": .array(table.key.map { .string($0) }),
        ]
        return json.bytes
    }

    init(isPlatform: Bool, table: ArchivedTable) {
        self.isPlatform = isPlatform
        self.table = table
    }

    /// - Throws: `BackupError.damaged`, also for names that are no plain SQL names, as they become part of statements.
    init(_ bytes: [UInt8]) throws(BackupError) {
        guard let json = try? JSON.parse(bytes), let schema = json["schema"]?.string,
            ["platform", "tenant"].contains(schema), let name = json["table"]?.string,
            let columns = json["columns"]?.array?.compactMap(\.string),
            let key = json["key"]?.array?.compactMap(\.string), !columns.isEmpty, !key.isEmpty,
            key.allSatisfy(columns.contains), ([name] + columns).allSatisfy(Self.isPlain), name != "ledger"
        else { throw .damaged("the archive has a table that is not readable") }
        isPlatform = schema == "platform"
        table = ArchivedTable(name: name, columns: columns, key: key)
    }

    private static func isPlain(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "_") || (48...57).contains($0) }
            && !(48...57).contains(name.utf8.first ?? 48)
    }
}

/// The record after a table's rows.
struct ArchiveTableEnd: Sendable, Hashable {
    let rows: Int
    let fingerprint: String

    init(_ fingerprint: TableFingerprint) {
        rows = fingerprint.rows
        self.fingerprint = fingerprint.text
    }

    init(_ bytes: [UInt8]) throws(BackupError) {
        guard let json = try? JSON.parse(bytes), let rows = json["rows"]?.integer,
            let fingerprint = json["fingerprint"]?.string
        else { throw .damaged("the archive has a table whose end is not readable") }
        self.rows = rows
        self.fingerprint = fingerprint
    }

    var bytes: [UInt8] {
        let json: JSON = ["rows": JSON(rows), "fingerprint": .string(fingerprint)]
        return json.bytes
    }
}
