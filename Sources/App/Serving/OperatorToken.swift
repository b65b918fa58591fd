import Domain

/// The bearer token of the platform operator: configured, or made at the first start and kept in the data folder.
struct OperatorToken: Sendable {
    let text: String
    /// Where it is written down when it is not configured.
    let file: String?
    /// Whether it was made just now, so that it has to be shown.
    let isNew: Bool

    static let fileName = "admin.token"

    /// A restart must not lock the operator out, so the token itself is stored, readable by the owner alone.
    ///
    /// - Throws: `Files.Failure` when the file cannot be read or written.
    init(configured: String?, in folder: DataFolder, _ surroundings: Surroundings) throws(Files.Failure) {
        if let configured {
            (text, file, isNew) = (configured, nil, false)
            return
        }
        let path = folder.file(Self.fileName)
        if let stored = try Files.readText(path)?.split(separator: "\n").first, stored.utf8.count >= 16 {
            (text, file, isNew) = (String(stored), path, false)
            return
        }
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        var generator = surroundings.generator
        let token = "admin_" + String((0..<43).map { _ in letters[Int.random(in: letters.indices, using: &generator)] })
        try Files.writePrivate(token + "\n", to: path)
        (text, file, isNew) = (token, path, true)
    }
}
