import Domain
import Persistence

/// Puts the rows that belong to no tenant into a platform's schema; those that are there stay.
struct PlatformRestore: Sendable {
    let database: any Database

    func restore(_ archive: OpenArchive, for purpose: ArchivePurpose) async throws {
        guard archive.summary.part == .platform else { throw BackupError.refused("this part is a tenant's") }
        guard archive.summary.platformVersion <= database.migrationSets.platform.newestVersion else {
            throw BackupError.refused(
                "the backup has schema version \(archive.summary.platformVersion) of the platform, and this binary knows "
                    + "\(database.migrationSets.platform.newestVersion); install the newer mockforge")
        }
        try await database.write(.platform) { sql in
            for table in archive.tables {
                guard let known = ArchivedTable.platform.first(where: { $0.name == table.head.table.name }),
                    known.purposes.contains(purpose)
                else { continue }
                let positions = table.head.table.columns.indices.filter {
                    known.columns.contains(table.head.table.columns[$0])
                }
                let target = ArchivedTable(
                    name: known.name, columns: positions.map { table.head.table.columns[$0] }, key: known.key)
                var insertion = RowInsertion(into: target, sql, .kept)
                try archive.forEachRow(of: table) { row in try insertion.add(positions.map { row[$0] }) }
                try insertion.finish()
            }
        }
    }
}
