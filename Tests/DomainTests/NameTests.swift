import Domain
import Testing

struct NameTests {
    @Test(arguments: ["acme-corp", "abc", "a1b", String(repeating: "x", count: 63)])
    func `a proper subdomain is taken`(text: String) throws {
        #expect(try Subdomain(text).text == text)
    }

    @Test(arguments: [
        ("ab", "invalid_format"), (String(repeating: "x", count: 64), "invalid_format"), ("Acme", "invalid_format"),
        ("-acme", "invalid_format"), ("acme-", "invalid_format"), ("a_b_c", "invalid_format"),
        ("ümlaut", "invalid_format"),
        ("api", "reserved"), ("www", "reserved"), ("tenant-x", "reserved"), ("prod--acme", "reserved"),
    ])
    func `any other subdomain is refused with its reason`(text: String, code: String) {
        #expect { try Subdomain(text) } throws: { ($0 as? Subdomain.Refusal)?.code == code }
    }

    @Test(arguments: [
        ("Production (EU)", "production-eu"), ("  Staging  ", "staging"), ("a -- b", "a-b"), ("v2.0", "v2-0"),
    ])
    func `a slug is made from a name`(name: String, slug: String) {
        #expect(Slug(slugifying: name)?.text == slug)
    }

    @Test func `a name without letters or digits gives no slug`() {
        #expect(Slug(slugifying: "日本") == nil)
    }

    @Test func `fresh ids are valid and differ`() {
        let tenants = (0..<200).map { _ in TenantID(from: .system) }
        #expect(Set(tenants).count == 200)
        #expect(tenants.allSatisfy { TenantID($0.text) == $0 })
        let route = RouteID(from: .system)
        #expect(RouteID(route.text) == route)
        #expect(MockID(route.text) == nil)
    }

    @Test func `ids are ordered as their texts are, and are what their texts say`() throws {
        let ids = (0..<500).map { _ in MockID(from: .system) }
        #expect(ids.sorted().map(\.text) == ids.map(\.text).sorted())
        let tenants = (0..<500).map { _ in TenantID(from: .system) }
        #expect(tenants.sorted().map(\.text) == tenants.map(\.text).sorted())
        let text = "mock_0z9a8b7c6d5e4f3g"
        let id = try #require(MockID(text))
        #expect(id.text == text)
        #expect("\(id)" == text)
        #expect(try #require(TenantID("a0b1c2d3e9")).schemaName == "tenant_a0b1c2d3e9")
    }

    @Test(arguments: [
        "", "mock_", "mock_0z9a8b7c6d5e4f3", "mock_0z9a8b7c6d5e4f3gh", "mock_0z9a8b7c6d5e4f3G", "mock-0z9a8b7c6d5e4f3g",
        "mocK_0z9a8b7c6d5e4f3g", "mock_0z9a8b7c6d5e4f3\u{0}", "mock_0z9a8b7c6d5e4fü", "mockx_0z9a8b7c6d5e4f3",
    ])
    func `what is no id of a mock is refused`(text: String) {
        #expect(MockID(text) == nil)
    }

    @Test(arguments: ["abc123", "1bcdefghij", "abcdefghiJ", "abcdefghij1", "abcde-ghij"])
    func `what is no tenant id is refused`(text: String) {
        #expect(TenantID(text) == nil)
    }
}
