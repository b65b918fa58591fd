package import Domain
package import JSON

/// What one mocked API is made of, as stored: routes in any order, and the document that their schemas point into.
package struct MockDefinition: Sendable {
    package var id: MockID
    package var name: String
    /// Normalised: empty, or begins with `/` and does not end with one.
    package var basePath: String
    package var routes: [RouteDefinition]
    /// The imported description, into which `BodySchema.pointer` and `OperationReference` lead; nil for a hand-made mock.
    package var document: JSON?
    /// The files that the routes answer with, by their ids.
    package var assets: [String: AssetFile]

    package init(
        id: MockID, name: String, basePath: String, routes: [RouteDefinition], document: JSON? = nil,
        assets: [String: AssetFile] = [:]
    ) {
        self.id = id
        self.name = name
        self.basePath = basePath
        self.routes = routes
        self.document = document
        self.assets = assets
    }
}

/// A file that routes answer with.
package struct AssetFile: Sendable {
    package let contentType: String
    package let bytes: [UInt8]

    package init(contentType: String, bytes: [UInt8]) {
        self.contentType = contentType
        self.bytes = bytes
    }
}

/// One route: which requests it takes and what it answers.
package struct RouteDefinition: Sendable, Hashable {
    package var id: RouteID
    package var name: String
    package var methods: MethodSet
    /// `/users/{id}`; `*` for one segment, `/**` at the end for any number.
    package var path: String
    /// Higher wins; among equals the more specific path wins, then the order of creation.
    package var priority: Int
    package var isEnabled: Bool
    package var match: MatchDefinition
    package var responses: [ResponseDefinition]
    package var selection: Selection
    /// The operation of the imported description that this route stands for.
    package var operation: OperationReference?

    package init(
        id: RouteID, name: String = "", methods: MethodSet, path: String, priority: Int = 0, isEnabled: Bool = true,
        match: MatchDefinition = MatchDefinition(), responses: [ResponseDefinition],
        selection: Selection = .firstMatch, operation: OperationReference? = nil
    ) {
        self.id = id
        self.name = name
        self.methods = methods
        self.path = path
        self.priority = priority
        self.isEnabled = isEnabled
        self.match = match
        self.responses = responses
        self.selection = selection
        self.operation = operation
    }
}

/// The methods that a route takes.
package enum MethodSet: Sendable, Hashable {
    case any
    /// Upper-case tokens, at least one.
    case some([String])

    package func contains(_ method: String) -> Bool {
        switch self {
        case .any: true
        case .some(let methods): methods.contains(method)
        }
    }
}

/// How one of several responses is chosen among those whose `when` holds.
package enum Selection: String, Sendable, Hashable, CaseIterable {
    case firstMatch = "first_match"
    /// Each in turn, then the first again.
    case sequence
    /// Each with the same chance.
    case random
    /// Each by its `weight`.
    case weighted
}

/// Predicates on a request; all must hold. Header names are lower case.
package struct MatchDefinition: Sendable, Hashable {
    package var query: [NamedPredicate]
    package var headers: [NamedPredicate]
    package var cookies: [NamedPredicate]
    package var body: Predicate?

    package init(
        query: [NamedPredicate] = [], headers: [NamedPredicate] = [], cookies: [NamedPredicate] = [],
        body: Predicate? = nil
    ) {
        self.query = query
        self.headers = headers
        self.cookies = cookies
        self.body = body
    }

    package var isEmpty: Bool { query.isEmpty && headers.isEmpty && cookies.isEmpty && body == nil }
}

package struct NamedPredicate: Sendable, Hashable {
    package var name: String
    package var predicate: Predicate

    package init(_ name: String, _ predicate: Predicate) {
        self.name = name
        self.predicate = predicate
    }
}

/// A condition on one value: a query parameter, header, cookie, or the body.
package indirect enum Predicate: Sendable, Hashable {
    /// For a body that is JSON, equality of JSON values; else of text.
    case equals(JSON)
    case contains(String)
    /// A regular expression found anywhere in the text.
    case matches(String)
    /// Every member and element that the pattern names is in the value too; others are ignored.
    case includes(JSON)
    /// RFC 9535; holds when a node is selected and, with a predicate, when one of the nodes satisfies it.
    case jsonPath(String, Predicate?)
    case absent
    case not(Predicate)
    case any([Predicate])
    case all([Predicate])
}

/// One possible answer of a route.
package struct ResponseDefinition: Sendable, Hashable {
    package var name: String
    /// 100-599; `101` and other interim codes are refused when a route is written.
    package var status: Int
    /// In order; a name may stand more than once.
    package var headers: [HeaderField]
    package var body: BodyDefinition
    /// Whether `body` and the header values are templates.
    package var isTemplate: Bool
    package var delayMilliseconds: Int
    /// Nil: always.
    package var when: MatchDefinition?
    package var weight: Int

    package init(
        name: String = "", status: Int = 200, headers: [HeaderField] = [], body: BodyDefinition = .empty,
        isTemplate: Bool = false, delayMilliseconds: Int = 0, when: MatchDefinition? = nil, weight: Int = 1
    ) {
        self.name = name
        self.status = status
        self.headers = headers
        self.body = body
        self.isTemplate = isTemplate
        self.delayMilliseconds = delayMilliseconds
        self.when = when
        self.weight = weight
    }
}

package enum BodyDefinition: Sendable, Hashable {
    case empty
    case json(JSON)
    case text(String)
    /// Bytes as base64 (RFC 4648), padded.
    case base64(String)
    /// A file of the workspace, by its id; a client may write its name.
    case asset(String)
    /// A JSON value made to satisfy the schema: an inline schema, or a pointer into the mock's document such as
    /// `#/paths/~1pets/get/responses/200/content/application~1json/schema`, as `{"$ref": "#/…"}`.
    case schema(JSON)
}

package struct HeaderField: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// An operation in the imported description: the path template as written there, and the method in lower case.
package struct OperationReference: Sendable, Hashable {
    package var path: String
    package var method: String

    package init(path: String, method: String) {
        self.path = path
        self.method = method
    }

    /// `/paths/~1pets~1{id}/get`.
    package var pointer: JSONPointer { JSONPointer(["paths", path, method]) }
}
