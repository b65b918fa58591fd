import JSON

/// A compiled expression: names are resolved, constant arguments are checked.
indirect enum TemplateExpression: Sendable {
    case constant(JSON)
    case request(RequestValue)
    /// The current item of an enclosing loop, counted from the outermost, and a path into it.
    case item(loop: Int, [PathStep])
    case loop(Int, LoopValue)
    case now(TimeFormat, TimeOffset)
    case fake(FakeKind)
    /// What the path selects: the value itself for one node, an array for more.
    case selection(TemplateExpression, JSONPath)
    case call(TemplateHelper, [TemplateExpression])
}

/// What a loop knows of its current run.
enum LoopValue: String, Sendable, CaseIterable {
    case index = "@index"
    case first = "@first"
    case last = "@last"
    case key = "@key"
}

/// One step of a path into JSON: a member name that, in an array, may be an index.
struct PathStep: Sendable {
    let name: String
    let index: Int?

    init(_ name: String) {
        self.name = name
        index = Int(name)
    }
}

extension JSON {
    /// The value that `steps` lead to; a negative index counts from an array's end.
    func value(at steps: some Sequence<PathStep>) -> JSON? {
        var current = self
        for step in steps {
            switch current {
            case .object(let object):
                guard let next = object[step.name] else { return nil }
                current = next
            case .array(let array):
                guard let index = step.index else { return nil }
                let position = index < 0 ? array.count + index : index
                guard array.indices.contains(position) else { return nil }
                current = array[position]
            default:
                return nil
            }
        }
        return current
    }
}

/// Something a template reads from the request.
enum RequestValue: Sendable {
    case method, path, host, url, queryString
    /// Empty steps: the whole body.
    case body([PathStep])
    /// Nil: all segments.
    case pathSegment(Int?)
    /// Nil: an object of all names with their first values.
    case field(RequestFields, name: String?, index: Int)

    /// The members of `request`, as documented.
    static let memberNames = [
        "method", "path", "host", "url", "query_string", "path_params", "path_segments", "query", "headers", "cookies",
        "form", "body",
    ]
}

/// The named values of a request.
enum RequestFields: Sendable {
    case pathParameters, query, headers, cookies, form
}
