package import Domain
package import JSON

/// Which part of a list is asked for: a page by number, or what follows a cursor.
package enum Paging: Sendable, Hashable {
    case page(Int, limit: Int)
    /// Nil is the start of the list.
    case after(String?, limit: Int)

    package static let parameterNames = ["page", "limit", "cursor"]
    private static let limits = 1...100

    /// Reads `page`, `limit` and `cursor`; `cursor=` without a value starts a walk by cursor.
    package init(_ query: QueryParameters, _ violations: Violations) {
        let limit = query.integer("limit", in: Self.limits, violations) ?? 50
        let page = query.integer("page", in: 1...1_000_000, violations)
        if let cursor = query["cursor"] {
            if query.contains("page") {
                query.refuse("page", "conflicting_parameter", "cannot be given together with cursor", violations)
            }
            self = .after(cursor.isEmpty ? nil : cursor, limit: limit)
        } else {
            self = .page(page ?? 1, limit: limit)
        }
    }

    package var limit: Int {
        switch self {
        case .page(_, let limit), .after(_, let limit): limit
        }
    }

    /// How many elements come before the page; 0 for a walk by cursor.
    package var offset: Int {
        switch self {
        case .page(let page, let limit): (page - 1) * limit
        case .after: 0
        }
    }
}

extension Reply {
    /// One page of a list: `{data, page, limit, total}`.
    package static func page(_ elements: [JSON], page: Int, limit: Int, total: Int) -> Reply {
        .object(["data": .array(elements), "page": JSON(page), "limit": JSON(limit), "total": JSON(total)])
    }

    /// The part of a list after a cursor: `{data, next_cursor}`, null at the end.
    package static func batch(_ elements: [JSON], next: String?) -> Reply {
        .object(["data": .array(elements), "next_cursor": JSON(next)])
    }
}
