import Domain

/// A URL that chooses no driver; the sentence goes behind the key's name and holds no secret.
struct BackendRefusal: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A URL whose scheme names no driver of this concern.
    init(scheme url: String, known: String) {
        // What has no scheme may be anything, a secret too.
        let scheme = url.firstIndex(of: ":").map { "asks for \"\(url[..<$0])\"" } ?? "has no scheme that is known here"
        description = "\(scheme); write \(known)"
    }
}

extension CommandFailure {
    /// A store that could not be opened: the sentence names the key, the code tells whether trying again may help.
    init(_ key: SettingKey, _ code: Code, _ sentence: String) { self.init(code, "\(key.path): \(sentence)") }
}
