import JSON

/// Follows the `$ref`s of a description to the objects that they stand for.
struct ReferenceResolver: Sendable {
    /// An object with the place where it really stands.
    struct Target {
        let object: JSONObject
        let pointer: JSONPointer
    }

    enum Failure: Error, Hashable {
        /// Leads out of the document.
        case external(String)
        /// Leads nowhere in the document.
        case missing(String)
        case cycle(String)
        /// What stands there is not an object.
        case notAnObject(String)
    }

    private static let chainLimit = 32

    let root: JSON

    /// The object at `pointer`, or the one that its `$ref` leads to; nil where nothing stands.
    func resolve(_ pointer: JSONPointer) throws(Failure) -> Target? {
        guard let value = root[pointer] else { return nil }
        guard let object = value.object else { throw .notAnObject(value.typeName) }
        return try resolve(object, at: pointer)
    }

    /// `object`, which stands at `pointer`, or the one that its `$ref` leads to.
    func resolve(_ object: JSONObject, at pointer: JSONPointer) throws(Failure) -> Target {
        var target = Target(object: object, pointer: pointer)
        var steps = 0
        while let reference = target.object["$ref"]?.string {
            steps += 1
            guard steps <= Self.chainLimit else { throw .cycle(reference) }
            guard reference.hasPrefix("#") else { throw .external(reference) }
            guard let next = Self.localPointer(reference), let value = root[next] else { throw .missing(reference) }
            guard let object = value.object else { throw .notAnObject(value.typeName) }
            target = Target(object: object, pointer: next)
        }
        return target
    }

    /// The pointer that a reference such as `#/components/schemas/Pet` holds; nil for any other kind.
    static func localPointer(_ reference: String) -> JSONPointer? {
        guard reference.hasPrefix("#") else { return nil }
        return JSONPointer(FormEncoding.percentDecode(reference.dropFirst()))
    }

    /// The reference that leads to `pointer`.
    static func reference(to pointer: JSONPointer) -> String {
        let text = pointer.description
        // Whoever follows the reference decodes it, so a literal % must survive that.
        return "#"
            + (text.contains("%")
                ? text.split(separator: "%", omittingEmptySubsequences: false)
                    .joined(separator: "%25") : text)
    }
}
