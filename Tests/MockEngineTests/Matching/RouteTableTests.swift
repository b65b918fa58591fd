import MockEngine
import Testing

struct RouteTableTests {
    static func table(_ routes: [String]) throws -> RouteTable {
        RouteTable(routes: try routes.map { try entry($0) })
    }

    /// `GET /users`, `ANY /x`, `GET,POST /y 5`: methods, path, priority.
    static func entry(_ text: String) throws -> RouteTable.Entry {
        let parts = text.split(separator: " ")
        let methods: MethodSet =
            parts[0] == "ANY" ? .any : .some(parts[0].split(separator: ",").map { String($0) })
        return RouteTable.Entry(
            methods: methods, pattern: try RoutePattern(String(parts[1])),
            priority: parts.count > 2 ? Int(parts[2]) ?? 0 : 0)
    }

    static func all(_ table: RouteTable, _ method: String, _ path: String) -> [Int] {
        var found: [Int] = []
        _ = table.candidates(method: method, path: path) { route, _ in
            found.append(route)
            return false
        }
        return found
    }

    @Test func `an empty table has no routes`() throws {
        let table = try Self.table([])
        #expect(Self.all(table, "GET", "/").isEmpty)
        #expect(table.allowedMethods(path: "/") == nil)
    }

    @Test func `literal segments of every length are told apart`() throws {
        var segments: [String] = []
        for length in 1...40 {
            let text = String(repeating: "s", count: length)
            segments += [text, text.dropLast() + "t", "t" + text.dropFirst()]
        }
        segments = Array(Set(segments)).sorted()
        let table = try Self.table(segments.flatMap { ["GET /\($0)", "GET /x/\($0)/\($0)"] })
        for (index, segment) in segments.enumerated() {
            #expect(Self.all(table, "GET", "/\(segment)") == [2 * index])
            #expect(Self.all(table, "GET", "/x/\(segment)/\(segment)") == [2 * index + 1])
            #expect(Self.all(table, "GET", "/\(segment)u").isEmpty)
            #expect(Self.all(table, "GET", "/x/\(segment)/\(segment)u").isEmpty)
        }
    }

    @Test func `the root is a path of its own`() throws {
        let table = try Self.table(["GET /", "GET /a"])
        #expect(Self.all(table, "GET", "/") == [0])
    }

    @Test func `the more specific path comes first, compared from the left`() throws {
        let table = try Self.table([
            "GET /**", "GET /*/b", "GET /{x}/b", "GET /a/**", "GET /a/*", "GET /a/{y}", "GET /a/b{z}", "GET /a/b",
            "GET /a{w}/b",
        ])
        #expect(Self.all(table, "GET", "/a/b") == [7, 5, 4, 3, 2, 1, 0])
        #expect(Self.all(table, "GET", "/a/bc") == [6, 5, 4, 3, 0])
        #expect(Self.all(table, "GET", "/ac/b") == [8, 2, 1, 0])
        #expect(Self.all(table, "GET", "/a") == [3, 0])
    }

    @Test func `a mixed segment with more literal text is more specific`() throws {
        let table = try Self.table(["GET /{a}.json", "GET /report-{a}.json", "GET /{a}"])
        #expect(Self.all(table, "GET", "/report-1.json") == [1, 0, 2])
    }

    @Test func `a higher priority wins over a more specific path`() throws {
        let table = try Self.table(["GET /a/b", "GET /** 10", "GET /a/{x} -1", "GET /a/{y} 10"])
        #expect(Self.all(table, "GET", "/a/b") == [3, 1, 0, 2])
    }

    @Test func `equals come in the order of creation, whatever their parameters are called`() throws {
        let table = try Self.table(["GET /a/{x}", "POST /a/{y}", "GET /a/{z}", "ANY /a/{x}"])
        #expect(Self.all(table, "GET", "/a/1") == [0, 2, 3])
    }

    @Test func `the visitor's choice ends the lookup`() throws {
        let table = try Self.table(["GET /a", "GET /a", "GET /a"])
        var seen: [Int] = []
        let lookup = table.candidates(method: "GET", path: "/a") { route, _ in
            seen.append(route)
            return route == 1
        }
        #expect(lookup.accepted == 1)
        #expect(seen == [0, 1])
    }

    @Test func `a tail takes any number of segments, also none`() throws {
        let table = try Self.table(["GET /files/**"])
        let deep = "/files/" + String(repeating: "x/", count: 500)
        for path in ["/files", "/files/", "/files/a", "/files/a/b/c", deep] {
            #expect(Self.all(table, "GET", path) == [0])
        }
        #expect(Self.all(table, "GET", "/file").isEmpty)
    }

    @Test func `a slash at the end does not count`() throws {
        let table = try Self.table(["GET /a/", "GET /b"])
        #expect(Self.all(table, "GET", "/a") == [0])
        #expect(Self.all(table, "GET", "/b/") == [1])
    }

    @Test func `HEAD goes to routes for GET, and to its own before those of the same path`() throws {
        let table = try Self.table(["GET /a", "HEAD /a", "ANY /**", "GET /b"])
        #expect(Self.all(table, "HEAD", "/a") == [1, 0, 2])
        #expect(Self.all(table, "HEAD", "/b") == [3, 2])
        #expect(Self.all(table, "GET", "/a") == [0, 2])
    }

    @Test func `the allowed methods are those of all routes of the path`() throws {
        let table = try Self.table(["GET /a", "POST,PURGE /{x}", "ANY /any", "DELETE /b"])
        #expect(table.allowedMethods(path: "/a") == .some(["GET", "HEAD", "POST", "PURGE"]))
        #expect(table.allowedMethods(path: "/any") == .any)
        #expect(table.allowedMethods(path: "/a/b") == nil)
    }

    @Test func `a hundred methods of a tenant's own are told apart`() throws {
        let table = try Self.table((0..<100).map { "METHOD\($0) /a" } + ["ANY /a"])
        #expect(Self.all(table, "METHOD3", "/a") == [3, 100])
        #expect(Self.all(table, "METHOD99", "/a") == [99, 100])
        #expect(Self.all(table, "OTHER", "/a") == [100])
        #expect(table.allowedMethods(path: "/a") == .any)
        let named = try Self.table((0..<100).map { "METHOD\($0) /a" })
        #expect(named.allowedMethods(path: "/a") == .some((0..<100).map { "METHOD\($0)" }))
    }

    @Test func `a lookup finds what comparing with every route finds`() throws {
        var generator = SeededGenerator(seed: 11)
        let words = ["a", "b", "ab", "{p}", "*", "x{p}", "{p}b", "a{p}b"]
        for _ in 0..<60 {
            var routes: [String] = []
            for _ in 0..<40 {
                var path = ""
                for position in 0..<Int.random(in: 1...4, using: &generator) {
                    let word = words.randomElement(using: &generator) ?? ""
                    path += "/" + word.replacing("p", with: "p\(position)")
                }
                if Bool.random(using: &generator) { path += "/**" }
                routes.append(path)
            }
            let table = try Self.table(routes.map { "GET \($0)" })
            for _ in 0..<40 {
                let path = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                    "/" + (["a", "b", "ab", "xb", "aab", "c"].randomElement(using: &generator) ?? "")
                }.joined()
                let expected = try routes.indices.filter { try RoutePattern(routes[$0]).matches(path) }
                #expect(Self.all(table, "GET", path).sorted() == expected, "\(path) in \(routes)")
            }
        }
    }

    // MARK: Cost

    @Test func `a lookup takes as many steps among 10,000 routes as among 10`() throws {
        func steps(_ count: Int) throws -> Int {
            let table = try Self.table((0..<count).map { "GET /api/resource\($0)/{id}/items" })
            let lookup = table.candidates(method: "GET", path: "/api/resource7/42/items") { _, _ in true }
            #expect(lookup.accepted == 7)
            return lookup.steps
        }
        #expect(try steps(10) == steps(10_000))
    }

    @Test func `the worst case of an ordinary table is known and small`() throws {
        let table = try Self.table((0..<10_000).map { "GET /api/resource\($0)/{id}/items" })
        #expect(table.worstCaseSteps == 5)
    }

    @Test func `dead ends that routes could make by the thousand are bounded`() throws {
        // Every combination of "a" and "{p}" over 14 segments, all ending in "z": 16,384 dead ends for a path ending in "q".
        let routes = (0..<(1 << 14)).map { bits in
            "GET " + (0..<14).map { bits >> $0 & 1 == 0 ? "/a" : "/{p\($0)}" }.joined() + "/z"
        }
        let table = try Self.table(routes)
        let path = String(repeating: "/a", count: 14) + "/q"
        let lookup = table.candidates(method: "GET", path: path) { _, _ in true }
        #expect(lookup.accepted == nil)
        #expect(table.worstCaseSteps > RouteTable.stepLimit)
        #expect(lookup.steps <= RouteTable.stepLimit)
        #expect(lookup.isCutShort)
    }

    @Test func `paths of another length or method are not descended into`() throws {
        let routes = (0..<1024).map { bits in
            "GET " + (0..<10).map { bits >> $0 & 1 == 0 ? "/a" : "/{p\($0)}" }.joined()
        }
        let table = try Self.table(routes)
        let path = String(repeating: "/a", count: 9)
        #expect(table.candidates(method: "GET", path: path) { _, _ in true }.steps == 1)
        #expect(table.candidates(method: "POST", path: path + "/a") { _, _ in true }.steps == 1)
    }

    @Test func `thousands of routes that all match come in order`() throws {
        let routes = (0..<1024).map { bits in
            "GET " + (0..<10).map { bits >> $0 & 1 == 0 ? "/a" : "/{p\($0)}" }.joined() + " \(bits % 3)"
        }
        let table = try Self.table(routes)
        let found = Self.all(table, "GET", String(repeating: "/a", count: 10))
        #expect(found.count == 1024)
        #expect(found.map { $0 % 3 } == found.map { $0 % 3 }.sorted(by: >))
    }

    @Test func `a repetitive segment does not multiply with a repetitive literal`() throws {
        let literal = String(repeating: "a", count: 900) + "b"
        let table = try Self.table(["GET /{x}\(literal){y}"])
        let path = "/" + String(repeating: "a", count: 100_000)
        #expect(Self.all(table, "GET", path).isEmpty)
        #expect(Self.all(table, "GET", path + "bc") == [0])
    }
}
