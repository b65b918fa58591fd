import HTTPTypes
import Testing

@testable import ControlPlane

struct EndpointTableTests {
    private static let table = EndpointTable([
        Endpoint(.get, "/things", .anyone { _ in .noContent }),
        Endpoint(.post, "/things", .anyone { _ in .noContent }),
        Endpoint(.get, "/things/{id}", .anyone { _ in .noContent }),
        Endpoint(.get, "/things/special", .anyone { _ in .noContent }),
        Endpoint(.get, "/open", versioned: false, .anyone { _ in .noContent }),
    ])

    private func found(_ method: HTTPRequest.Method, _ path: String) -> (String, [String: String])? {
        if case .found(let endpoint, let parameters) = Self.table.match(method: method, path: path) {
            return (endpoint.path.text, parameters)
        }
        return nil
    }

    @Test(arguments: ["/v1/things", "/api/v1/things"])
    func `both spellings of the base address lead to the same endpoint`(path: String) {
        #expect(found(.get, path)?.0 == "/things")
    }

    @Test(arguments: ["/things", "/v2/things", "/v1/things/", "/v1//things", "/v1", "/", "", "/v1/th%zzings"])
    func `other paths are unknown`(path: String) {
        #expect(found(.get, path) == nil)
    }

    @Test func `a literal segment is preferred to a parameter`() {
        #expect(found(.get, "/v1/things/special")?.0 == "/things/special")
        #expect(found(.get, "/v1/things/a%20b")?.1 == ["id": "a b"])
    }

    @Test func `a wrong method names the right ones`() {
        guard case .wrongMethod(let allow) = Self.table.match(method: .delete, path: "/v1/things") else {
            Issue.record("expected a wrong method")
            return
        }
        #expect(allow == "GET, HEAD, POST")
    }

    @Test func `an unversioned endpoint stands at both places`() {
        #expect(found(.get, "/open") != nil)
        #expect(found(.head, "/v1/open") != nil)
    }
}
