import Testing

@testable import DataPlane

@Suite struct KnownHostTests {
    private let hosts = KnownHosts(baseDomain: "localhost")

    private func find(_ text: String) -> KnownHost {
        Array(text.utf8).withUnsafeBytes { hosts.find($0) }
    }

    @Test func `a host is read once`() {
        let first = find("acme.localhost:8080")
        #expect(first.text == "acme.localhost:8080")
        #expect(first.name == HostName(authority: "acme.localhost", baseDomain: "localhost"))
        #expect(find("acme.localhost:8080") == first)
    }

    @Test func `thousands of hosts are told apart, whichever place they have`() {
        for _ in 0..<2 {
            for number in 0..<5000 {
                let text = "tenant\(number).localhost"
                #expect(find(text).text == text)
            }
        }
    }

    @Test func `another spelling is another host`() {
        #expect(find("acme.localhost") != find("ACME.localhost"))
        #expect(find("").text == "")
    }

    /// Only the first 40 bytes stand in the place itself.
    @Test func `hosts that differ in their last letter are told apart, however long`() {
        for length in [8, 39, 40, 41, 100, 128] {
            let texts = ["a", "b"].map { String(repeating: "x", count: length - 1) + $0 }
            for _ in 0..<2 {
                for text in texts { #expect(find(text).text == text) }
            }
        }
    }

    @Test func `the workspace that a host names is told`() {
        #expect(find("shop--acme.localhost").workspace == "shop")
        #expect(find("acme.localhost").workspace == nil)
        #expect(find("localhost").workspace == nil)
    }

    @Test func `a long host is not kept`() {
        let texts = ["a", "b"].map { String(repeating: $0, count: 200) + ".localhost" }
        let kept = find("acme.localhost")
        for text in texts { #expect(find(text).text == text) }
        #expect(find(texts[0]) == find(texts[1]), "both have the place of those that are not kept")
        #expect(find("acme.localhost") == kept)
    }
}
