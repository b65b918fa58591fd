import Domain
import JSON
import MockEngine
import Testing

struct NearMissTests {
    static func id(_ number: Int) -> RouteID {
        let digits = String(number)
        return RouteID("route_" + String(repeating: "0", count: 16 - digits.count) + digits)!
    }

    /// A finder over routes such as `GET /users/{id}`, with the predicates of some.
    static func finder(_ routes: [String], matches: [Int: MatchDefinition] = [:]) throws -> NearMissFinder {
        let entries = try routes.map { try RouteTableTests.entry($0) }
        let candidates = try entries.enumerated().map { index, entry in
            NearMissFinder.Candidate(
                id: id(index), name: "route \(index)", methods: entry.methods, pattern: entry.pattern,
                match: try matches[index].map { try CompiledMatch($0) })
        }
        return NearMissFinder(candidates, table: RouteTable(routes: entries))
    }

    static func nearest(_ finder: NearMissFinder, _ request: MockRequest) -> [NearMiss] {
        finder.nearest(to: RequestView(request))
    }

    @Test func `a wrong method on the right path is the nearest`() throws {
        let finder = try Self.finder(["GET /orders", "POST /users", "GET /users/{id}"])
        let near = Self.nearest(finder, MockRequest(method: "POST", path: "/users/5"))
        #expect(near.first?.routeID == Self.id(2))
        #expect(near.first?.differences == [Difference(field: "method", expected: "GET", actual: "POST")])
    }

    @Test func `a slip of the pen in the path is told`() throws {
        let finder = try Self.finder(["GET /orders/{id}", "GET /users/{id}/posts", "GET /users/{id}"])
        let near = Self.nearest(finder, MockRequest(method: "GET", path: "/user/5"))
        #expect(near.first?.routeID == Self.id(2))
        #expect(near.first?.differences == [Difference(field: "path", expected: "/users/{id}", actual: "/user/5")])
    }

    @Test func `among routes of one path the one with fewer differences comes first`() throws {
        let headers = [NamedPredicate("x-env", .equals("staging"))]
        let finder = try Self.finder(
            ["GET /a", "GET /a"],
            matches: [
                0: MatchDefinition(query: [NamedPredicate("v", .equals("2"))], headers: headers),
                1: MatchDefinition(headers: headers),
            ])
        let near = Self.nearest(finder, MockRequest(method: "GET", path: "/a"))
        #expect(near.map(\.routeID) == [Self.id(1), Self.id(0)])
        #expect(near[0].differences == [Difference(field: "header x-env", expected: "\"staging\"", actual: "absent")])
        #expect(near[1].differences.count == 2)
    }

    @Test func `three routes at most are told`() throws {
        let finder = try Self.finder((0..<20).map { "POST /items/{id}/part\($0)" })
        #expect(Self.nearest(finder, MockRequest(method: "POST", path: "/items/1/part")).count == 3)
    }

    @Test func `a route with nothing in common is not near`() throws {
        let finder = try Self.finder(["GET /users/{id}/posts", "GET /health"])
        #expect(Self.nearest(finder, MockRequest(method: "GET", path: "/xyz")).isEmpty)
    }

    @Test func `the likely routes are found among 20,000`() throws {
        let routes = (0..<20_000).map { "GET /r\($0)/list" } + ["GET /users/list", "POST /reports/{year}/final"]
        let finder = try Self.finder(routes)
        let byBeginning = Self.nearest(finder, MockRequest(method: "GET", path: "/users/lists"))
        #expect(byBeginning.first?.routeID == Self.id(20_000))
        let byPath = Self.nearest(finder, MockRequest(method: "GET", path: "/reports/2026/final"))
        #expect(byPath.first?.routeID == Self.id(20_001))
    }

    @Test func `the JSON form has the names of the contract`() throws {
        let finder = try Self.finder(["GET,PUT /a"])
        let near = try #require(Self.nearest(finder, MockRequest(method: "POST", path: "/a")).first)
        #expect(
            near.json == [
                "route_id": .string(Self.id(0).text), "name": "route 0", "method": "GET, PUT", "path": "/a",
                "differences": [["field": "method", "expected": "GET, PUT", "actual": "POST"]],
            ])
    }
}
