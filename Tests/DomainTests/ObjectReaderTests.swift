import Domain
import JSON
import Testing

struct ObjectReaderTests {
    private enum Colour: String, CaseIterable { case red, green }

    @Test func `every violation is listed, each at its place`() throws {
        let violations = Violations()
        let body: JSON = ["name": 5, "size": 11, "colour": "blue", "extra/field": true, "tags": ["a", "b", "c"]]
        let reader = try #require(
            ObjectReader(body, known: ["name", "size", "colour", "tags", "email"], violations: violations))
        #expect(reader.string("name") == nil)
        #expect(reader.integer("size", in: 1...10) == nil)
        #expect(reader.choice("colour", Colour.self) == nil)
        #expect(reader.array("tags", count: 0...2) == nil)
        #expect(reader.string("email", required: true) == nil)
        #expect(
            violations.list.map { "\($0.pointer) \($0.code)" } == [
                "/extra~1field unknown_field", "/name invalid_type", "/size out_of_range", "/colour invalid_value",
                "/tags too_many", "/email required",
            ])
        #expect(throws: Problem.self) { try violations.throwIfAny() }
    }

    @Test func `a stranger cannot make more than a hundred violations`() {
        let violations = Violations()
        let body = JSON.object(JSONObject((0..<1000).map { ("field\($0)", JSON.null) }))
        _ = ObjectReader(body, known: [], violations: violations)
        #expect(violations.list.count == 100)
    }

    @Test func `a problem shows the standard members and its own`() {
        let problem = Problem(.forbidden, code: "quota_exceeded", detail: "No.", members: ["limit": 2])
        let json = problem.json(instance: "/v1/workspaces", requestID: "r1")
        #expect(json["status"] == 403)
        #expect(json["title"] == "Forbidden")
        #expect(json["code"] == "quota_exceeded")
        #expect(json["limit"] == 2)
        #expect(json["request_id"] == "r1")
        #expect(json["errors"] == [])
    }
}
