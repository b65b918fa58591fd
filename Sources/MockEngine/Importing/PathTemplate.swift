import JSON

/// A key of `paths` turned into the path of a route.
struct PathTemplate {
    struct Failure: Error {
        let message: String
    }

    let routePath: String
    /// The path with all parameters named alike: two equal ones take the same requests.
    let shape: String
    /// What a `?` in the key asks of the query.
    let query: [NamedPredicate]
    /// What to tell the author about parts that a path cannot have.
    let note: String?

    init(_ key: String) throws(Failure) {
        guard key.hasPrefix("/") else { throw Failure(message: "must begin with \"/\"") }
        let withoutFragment = key.prefix { $0 != "#" }
        let path = String(withoutFragment.prefix { $0 != "?" })
        query = FormEncoding.pairs(String(withoutFragment.dropFirst(path.count + 1)))
            .filter { !$0.value.contains("{") }
            .map { NamedPredicate($0.name, .equals(.string($0.value))) }
        if withoutFragment.count < key.count {
            note = "what stands after \"#\" is not part of a request and is left out"
        } else if path.count < key.count {
            note = "the query in the path became conditions on query parameters"
        } else {
            note = nil
        }
        do {
            _ = try RoutePattern(path)
        } catch {
            throw Failure(message: error.message)
        }
        routePath = path
        shape = Self.shape(path) + "?" + query.map { "\($0.name)=\($0.predicate)" }.joined(separator: "&")
    }

    private static func shape(_ path: String) -> String {
        var shape = ""
        var isInside = false
        for character in path {
            if character == "}" { isInside = false }
            if !isInside { shape.append(character) }
            if character == "{" { isInside = true }
        }
        return shape
    }
}
