import Domain
import Persistence

/// What a usage report is about and has rows for.
struct UsageBreakdown: Sendable {
    static let parameterNames = ["group_by", "limit", "workspace_id", "mock_id"]
    /// Rows of an answer.
    private static let defaultLimit = 100
    private static let greatestLimit = 10_000
    /// Longest stretch of which the hours can be asked for.
    private static let longestByHour = Duration.seconds(92 * 86_400)
    private static let longestByHourAndRoute = Duration.seconds(14 * 86_400)

    enum Name: String, CaseIterable, Sendable {
        case workspace, mock, route, status, day, hour

        var dimension: UsageDimension {
            switch self {
            case .workspace: .workspace
            case .mock: .mock
            case .route: .route
            case .status: .status
            case .day: .time(.day)
            case .hour: .time(.hour)
            }
        }
    }

    /// In the order in which they were asked for; empty without a breakdown.
    let names: [Name]
    let limit: Int
    let workspace: WorkspaceID?
    let mock: MockID?

    var dimensions: [UsageDimension] { names.map(\.dimension) }

    /// The width of the rows, where they have one.
    var interval: UsageInterval? { names.contains(.day) ? .day : names.contains(.hour) ? .hour : nil }

    init(_ query: QueryParameters, _ violations: Violations) {
        var names: [Name] = []
        for word in (query["group_by"] ?? "").split(separator: ",") {
            guard let name = Name(rawValue: String(word)) else {
                let known = Name.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
                query.refuse(
                    "group_by", "invalid_value", "must be one or more of \(known), parted by commas", violations)
                break
            }
            if !names.contains(name) { names.append(name) }
        }
        if names.contains(.day), names.contains(.hour) {
            query.refuse("group_by", "conflicting_parameter", "can have \"day\" or \"hour\", not both", violations)
        }
        self.names = names
        limit = query.integer("limit", in: 1...Self.greatestLimit, violations) ?? Self.defaultLimit
        workspace = Self.id("workspace_id", "a workspace", query, violations)
        mock = Self.id("mock_id", "a mock", query, violations)
    }

    /// Refuses what would have too many rows.
    func check(_ period: UsagePeriod, _ query: QueryParameters, _ violations: Violations) {
        guard names.contains(.hour) else { return }
        if !Set(names).isDisjoint(with: [.mock, .route]), period.length > Self.longestByHourAndRoute {
            query.refuse(
                "group_by", "out_of_range", "can be \"hour\" with \"mock\" or \"route\" over at most 14 days",
                violations)
        } else if period.length > Self.longestByHour {
            query.refuse("group_by", "out_of_range", "can be \"hour\" over at most 92 days", violations)
        }
    }

    func filter(_ from: Timestamp, _ to: Timestamp) -> UsageFilter {
        UsageFilter(from: from, to: to, workspace: workspace, mock: mock)
    }

    /// An id that nothing has is no mistake: its usage is kept when the thing is gone.
    private static func id<Kind>(
        _ name: String, _ noun: String, _ query: QueryParameters, _ violations: Violations
    ) -> Identifier<Kind>? {
        guard let text = query[name] else { return nil }
        let id = Identifier<Kind>(text)
        if id == nil {
            query.refuse(name, "invalid_format", "must be the id of \(noun), \(Kind.prefix)_…", violations)
        }
        return id
    }
}
