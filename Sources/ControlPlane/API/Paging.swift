package import Domain
package import JSON
package import Persistence

/// Which part of a list is asked for: a page by number, or what follows a cursor.
package enum Paging: Sendable, Hashable {
    case page(Page)
    /// Nil is the start of the list.
    case after(Cursor?, limit: Int)

    package static let parameterNames = ["page", "limit", "cursor"]

    /// Reads `page`, `limit` and `cursor`; `cursor=` without a value starts a walk by cursor.
    package init(_ query: QueryParameters, _ violations: Violations) {
        let limit = query.integer("limit", in: Page.limits, violations) ?? 50
        let number = query.integer("page", in: 1...1_000_000, violations)
        guard let text = query["cursor"] else {
            self = .page(Page(number: number ?? 1, limit: limit))
            return
        }
        if query.contains("page") {
            query.refuse("page", "conflicting_parameter", "cannot be given together with cursor", violations)
        }
        let cursor = Cursor(text)
        if cursor == nil, !text.isEmpty {
            query.refuse("cursor", "invalid_format", "must be a next_cursor of an earlier answer, or empty", violations)
        }
        self = .after(cursor, limit: limit)
    }

    /// Answers with the part that is asked for: `{data, page, limit, total}` or `{data, next_cursor}`.
    package func reply<Record: Sendable>(
        page list: (Page) throws -> Listing<Record>, after walk: (Cursor?, Int) throws -> CursorListing<Record>,
        json: (Record) -> JSON
    ) throws -> Reply {
        switch self {
        case .page(let page):
            let listing = try list(page)
            return .object([
                "data": .array(listing.records.map(json)), "page": JSON(page.number), "limit": JSON(page.limit),
                "total": JSON(listing.total),
            ])
        case .after(let cursor, let limit):
            let listing = try walk(cursor, limit)
            return .object(["data": .array(listing.records.map(json)), "next_cursor": JSON(listing.next?.text)])
        }
    }
}

extension APIRequest {
    /// Which part of a list without other parameters is asked for.
    func paging() throws -> Paging {
        let violations = query.violations()
        let paging = Paging(query, violations)
        try violations.throwIfAny()
        return paging
    }
}
