package import Domain
package import JSON

/// What a new import does to the routes that a mock already has, keeping what people changed by hand.
///
/// A route that came from an import remembers the definition as that import made it (its origin). A field that still equals
/// the origin is the file's to change; one that differs was changed by hand and stays.
package struct ImportPlan: Sendable {
    /// A route of the mock as it is stored.
    package struct ExistingRoute: Sendable {
        package var id: RouteID
        /// The wire form without ids and times.
        package var definition: JSON
        /// `{operation: {path, method}, definition}` of an imported route; null for one made by hand.
        package var origin: JSON

        package init(id: RouteID, definition: JSON, origin: JSON) {
            self.id = id
            self.definition = definition
            self.origin = origin
        }
    }

    /// A route of the file in its wire form.
    package struct ImportedRoute: Sendable {
        /// Used when the route is new; an existing one keeps its id.
        package var id: RouteID
        package var operation: OperationReference
        package var definition: JSON

        package init(id: RouteID, operation: OperationReference, definition: JSON) {
            self.id = id
            self.operation = operation
            self.definition = definition
        }

        /// Nil for a route without an operation, which no import makes.
        package init?(_ route: RouteDefinition) {
            guard let operation = route.operation else { return nil }
            self.init(id: route.id, operation: operation, definition: route.json)
        }
    }

    /// A route to write.
    package struct Change: Sendable {
        package let id: RouteID
        package let operation: OperationReference
        package let definition: JSON
        /// To be stored as the route's origin.
        package let origin: JSON
    }

    package private(set) var created: [Change] = []
    package private(set) var updated: [Change] = []
    package private(set) var unchanged: [RouteID] = []
    package private(set) var removed: [RouteID] = []
    /// `kept_hand_edit` and `kept_removed_route`.
    package private(set) var warnings: [ImportWarning] = []

    package init(existing: [ExistingRoute], imported: [ImportedRoute]) {
        var known: [OperationReference: ExistingRoute] = [:]
        for route in existing {
            // Of two copies of one imported route the first is the import's; the others count as made by hand.
            if let operation = OperationReference(origin: route.origin), known[operation] == nil {
                known[operation] = route
            }
        }
        for route in imported {
            let origin = Self.origin(operation: route.operation, definition: route.definition)
            guard let current = known.removeValue(forKey: route.operation) else {
                created.append(
                    Change(id: route.id, operation: route.operation, definition: route.definition, origin: origin))
                continue
            }
            update(current, with: route, origin: origin)
        }
        let missing = Set(known.values.map(\.id))
        for route in existing where missing.contains(route.id) { remove(route) }
    }

    /// What importing `mock` does to the existing routes. Warnings of `mock` itself are not repeated.
    package init(existing: [ExistingRoute], imported mock: ImportedMock) {
        self.init(existing: existing, imported: mock.routes.compactMap(ImportedRoute.init))
    }

    private mutating func update(_ current: ExistingRoute, with route: ImportedRoute, origin: JSON) {
        let base = current.origin["definition"] ?? .null
        let merge = Self.merge(base: base, current: current.definition, new: route.definition)
        if !merge.kept.isEmpty {
            let fields = merge.kept.map { "\"\($0)\"" }.joined(separator: ", ")
            warnings.append(
                ImportWarning(
                    code: "kept_hand_edit",
                    message: "\(route.operation.title): the file changed \(fields), "
                        + "but so did somebody by hand; the hand-made change stays",
                    pointer: route.operation.pointer))
        }
        if merge.definition == current.definition && origin == current.origin {
            unchanged.append(current.id)
        } else {
            updated.append(
                Change(id: current.id, operation: route.operation, definition: merge.definition, origin: origin))
        }
    }

    private mutating func remove(_ route: ExistingRoute) {
        guard route.definition != route.origin["definition"] else {
            removed.append(route.id)
            return
        }
        unchanged.append(route.id)
        if let operation = OperationReference(origin: route.origin) {
            warnings.append(
                ImportWarning(
                    code: "kept_removed_route",
                    message: "\(operation.title) is no longer in the file, but was changed by hand; it stays",
                    pointer: operation.pointer))
        }
    }

    /// The fields that both sides changed, differently, are `kept` as they are in `current`.
    private static func merge(base: JSON, current: JSON, new: JSON) -> (definition: JSON, kept: [String]) {
        guard let currentFields = current.object, let newFields = new.object else { return (new, []) }
        let baseFields = base.object ?? JSONObject()
        var result = currentFields
        var kept: [String] = []
        for key in newFields.keys + baseFields.keys.filter({ !newFields.contains($0) }) {
            let (old, mine, theirs) = (baseFields[key], currentFields[key], newFields[key])
            if mine == old {
                result[key] = theirs
            } else if theirs != old && theirs != mine {
                kept.append(key)
            }
        }
        return (.object(result), kept)
    }

    private static func origin(operation: OperationReference, definition: JSON) -> JSON {
        ["operation": operation.json, "definition": definition]
    }
}

extension OperationReference {
    /// The operation that a stored origin names; nil for a route made by hand.
    package init?(origin: JSON) {
        guard let operation = origin["operation"] else { return nil }
        self.init(json: operation)
    }

    /// `GET /pets/{id}`.
    package var title: String { "\(method.uppercased()) \(path)" }
}
