import Foundation
import JSON
import Testing

@testable import MockEngine

struct ShopExampleTests {
    @Test func `the demo's description imports without a warning`() throws {
        let file = URL(filePath: #filePath).appending(path: "../../../../examples/shop.yaml").standardized
        let mock = try OpenAPIImporter.read(
            Array(try Data(contentsOf: file)), surroundings: ImportingSamples.surroundings())
        #expect(mock.warnings == [])
        #expect(mock.name == "Shop")
        #expect(mock.suggestedBasePath == "/api")
        #expect(mock.routes.count == 14)
        let products = try #require(mock.routes.first { $0.name == "listProducts" })
        #expect(products.responses.map(\.name) == ["catalogue", "empty", ""])
        #expect(products.responses.map(\.status) == [200, 200, 400])
    }
}
