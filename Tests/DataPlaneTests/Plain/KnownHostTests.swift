import Testing

@testable import DataPlane

@Suite struct KnownHostTests {
    private let hosts = KnownHosts()

    private func find(_ text: String) -> KnownHost {
        Array(text.utf8).withUnsafeBytes { hosts.find($0, baseDomain: "localhost") }
    }

    @Test func `a host is read once`() {
        let first = find("acme.localhost:8080")
        #expect(first.text == "acme.localhost:8080")
        #expect(first.name == HostName(authority: "acme.localhost", baseDomain: "localhost"))
        #expect(find("acme.localhost:8080") === first)
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
        #expect(find("acme.localhost") !== find("ACME.localhost"))
        #expect(find("").text == "")
    }

    @Test func `a long host is not kept`() {
        let text = String(repeating: "a", count: 200) + ".localhost"
        let first = find(text)
        #expect(first.text == text)
        #expect(find(text) !== first)
    }
}
