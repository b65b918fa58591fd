/// What rows are brought back for.
package enum ArchivePurpose: Sendable, Hashable, CaseIterable {
    /// A tenant comes back under its own id.
    case restore
    /// A new tenant is made after an old one's image.
    case copy
    /// Everything goes to another database, which takes the old one's place.
    case move
}

/// A table whose rows archives hold.
package struct ArchivedTable: Sendable, Hashable {
    package let name: String
    package let columns: [String]
    /// The primary key, in whose order the rows are read, page after page.
    package let key: [String]
    /// In the platform's schema: the column that says whose a row is.
    package let owner: String?
    /// For what its rows are brought back.
    package let purposes: Set<ArchivePurpose>

    init(
        _ name: String, key: [String], owner: String? = nil,
        for purposes: Set<ArchivePurpose> = Set(ArchivePurpose.allCases), columns: String
    ) {
        self.name = name
        self.key = key
        self.owner = owner
        self.purposes = purposes
        self.columns = columns.split(separator: " ").map(String.init)
    }

    /// A table as an archive describes it, of whatever version.
    init(name: String, columns: [String], key: [String]) {
        self.name = name
        self.columns = columns
        self.key = key
        owner = nil
        purposes = Set(ArchivePurpose.allCases)
    }
}
