import Domain
import JSON
import Testing

@testable import MockEngine

struct ImportPlanTests {
    private let operation = OperationReference(path: "/pets", method: "get")
    private let first: JSON = ["name": "pets", "path": "/pets", "responses": [1], "priority": 0]

    private func id(_ digit: Character) -> RouteID { RouteID("route_" + String(repeating: digit, count: 16))! }

    private func origin(_ definition: JSON, _ operation: OperationReference? = nil) -> JSON {
        let operation = operation ?? self.operation
        return [
            "operation": ["path": .string(operation.path), "method": .string(operation.method)],
            "definition": definition,
        ]
    }

    private func plan(_ existing: [ImportPlan.ExistingRoute], _ imported: [(OperationReference, JSON)]) -> ImportPlan {
        ImportPlan(
            existing: existing,
            imported: imported.map { ImportPlan.ImportedRoute(id: id("9"), operation: $0, definition: $1) })
    }

    @Test func `an operation without a route is created with its origin`() {
        let plan = plan([], [(operation, first)])
        #expect(plan.created.map(\.id) == [id("9")])
        #expect(plan.created.first?.definition == first)
        #expect(plan.created.first?.origin == origin(first))
        #expect(plan.updated.isEmpty && plan.unchanged.isEmpty && plan.removed.isEmpty)
    }

    @Test func `the same file changes nothing`() {
        let existing = ImportPlan.ExistingRoute(id: id("1"), definition: first, origin: origin(first))
        let plan = plan([existing], [(operation, first)])
        #expect(plan.unchanged == [id("1")])
        #expect(plan.created.isEmpty && plan.updated.isEmpty && plan.removed.isEmpty && plan.warnings.isEmpty)
    }

    @Test func `the same file leaves hand-made changes without a word`() {
        let edited = first.merging(["priority": 5])
        let existing = ImportPlan.ExistingRoute(id: id("1"), definition: edited, origin: origin(first))
        let plan = plan([existing], [(operation, first)])
        #expect(plan.unchanged == [id("1")])
        #expect(plan.warnings.isEmpty)
    }

    @Test func `a field that nobody touched follows the file and keeps the id`() {
        let existing = ImportPlan.ExistingRoute(id: id("1"), definition: first, origin: origin(first))
        let new = first.merging(["responses": [2]])
        let plan = plan([existing], [(operation, new)])
        #expect(plan.updated.map(\.id) == [id("1")])
        #expect(plan.updated.first?.definition == new)
        #expect(plan.updated.first?.origin == origin(new))
        #expect(plan.warnings.isEmpty)
    }

    @Test func `hand-made changes stay while other fields follow the file`() {
        let existing = ImportPlan.ExistingRoute(
            id: id("1"), definition: first.merging(["priority": 5]), origin: origin(first))
        let plan = plan([existing], [(operation, first.merging(["responses": [2]]))])
        #expect(plan.updated.first?.definition == first.merging(["priority": 5, "responses": [2]]))
        #expect(plan.warnings.isEmpty)
    }

    @Test func `a field that both changed stays as the hand made it, with a warning`() {
        let existing = ImportPlan.ExistingRoute(
            id: id("1"), definition: first.merging(["responses": [7]]), origin: origin(first))
        let new = first.merging(["responses": [2]])
        let plan = plan([existing], [(operation, new)])
        #expect(plan.updated.first?.definition == first.merging(["responses": [7]]))
        #expect(plan.updated.first?.origin == origin(new))
        #expect(plan.warnings.map(\.code) == ["kept_hand_edit"])
        #expect(plan.warnings.first?.message.contains("\"responses\"") == true)
    }

    @Test func `a field that both changed alike is no conflict`() {
        let new = first.merging(["responses": [2]])
        let existing = ImportPlan.ExistingRoute(id: id("1"), definition: new, origin: origin(first))
        let plan = plan([existing], [(operation, new)])
        #expect(plan.updated.first?.definition == new)
        #expect(plan.warnings.isEmpty)
    }

    @Test func `a route made by hand is never touched`() {
        let existing = ImportPlan.ExistingRoute(id: id("1"), definition: first, origin: .null)
        let plan = plan([existing], [])
        #expect(plan.removed.isEmpty && plan.updated.isEmpty && plan.unchanged.isEmpty)
    }

    @Test func `a route whose operation is gone is removed`() {
        let existing = ImportPlan.ExistingRoute(id: id("1"), definition: first, origin: origin(first))
        #expect(plan([existing], []).removed == [id("1")])
    }

    @Test func `a route whose operation is gone stays when it was changed by hand`() {
        let existing = ImportPlan.ExistingRoute(
            id: id("1"), definition: first.merging(["priority": 5]), origin: origin(first))
        let plan = plan([existing], [])
        #expect(plan.removed.isEmpty)
        #expect(plan.unchanged == [id("1")])
        #expect(plan.warnings.map(\.code) == ["kept_removed_route"])
    }
}
