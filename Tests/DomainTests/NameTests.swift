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

    @Test(arguments: ["abc123", "1bcdefghij", "abcdefghiJ", "abcdefghij1", "abcde-ghij"])
    func `what is no tenant id is refused`(text: String) {
        #expect(TenantID(text) == nil)
    }
}
