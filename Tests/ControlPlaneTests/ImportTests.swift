import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

struct ImportTests {
    @Test func `an import makes a mock with a route for each operation and says where it answers`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.importText()
        #expect(answer.status == 201)
        #expect(answer.json["created"] == 2)
        #expect(answer.json["base_path"] == "/api/v2")
        #expect(answer.json["suggested_base_path"] == "/api/v2")
        #expect(answer.json["url"] == "http://acme-corp.localhost:8080/api/v2")
        let mock = try #require(answer.json["mock_id"]?.string)
        let routes = try await customer.send(.get, "/mocks/\(mock)/routes")
        #expect(routes.json["data"]?.array?.compactMap { $0["path"]?.string } == ["/pets", "/owners"])
        #expect(routes.json["data"]?[0]?["operation"] == ["path": "/pets", "method": "get"])
    }

    @Test func `a mock's source tells what was imported and not where it is kept`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try #require(try await customer.importText().json["mock_id"]?.string)
        let source = try await customer.send(.get, "/workspaces/\(customer.workspace)/mocks/\(mock)").json["source"]
        #expect(source?["format"] == "openapi 3.0.3")
        #expect(source?["title"] == "Pets")
        #expect(source?["version"] == "1.2.0")
        #expect(source?["size"] == JSON(Description.text().utf8.count))
        #expect(source?.object?.contains("object_key") == false)
    }

    @Test func `name and base path can be given, and another workspace is in the address`() async throws {
        let customer = try await Customer(try Installation())
        let other = try await customer.send(.post, "/workspaces", json: ["name": "Staging"])
        let id = try #require(other.json["id"]?.string)
        let answer = try await customer.send(
            .post, "/workspaces/\(id)/import?name=Zoo&base_path=/zoo", text: Description.text(),
            type: "application/yaml")
        #expect(answer.json["name"] == "Zoo")
        #expect(answer.json["base_path"] == "/zoo")
        #expect(answer.json["url"] == "http://acme-corp.localhost:8080/w/staging/zoo")
    }

    @Test func `an empty base path puts the mock at the top, and the next import leaves it there`() async throws {
        let customer = try await Customer(try Installation())
        #expect(try await customer.importText(query: "?base_path=").json["base_path"] == "")
        #expect(try await customer.importText().json["base_path"] == "")
    }

    @Test func `importing again updates in place and keeps what was changed by hand`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try #require(try await customer.importText().json["mock_id"]?.string)
        let routes = try await customer.send(.get, "/mocks/\(mock)/routes").json["data"]
        let pets = try #require(routes?[0]?["id"]?.string)
        _ = try await customer.send(.patch, "/mocks/\(mock)/routes/\(pets)", json: ["priority": 9])
        let again = try await customer.importText(
            Description.text(paths: ["/pets", "/vets"], reply: "Tom"))
        #expect(again.status == 200)
        #expect(again.json["mock_id"] == .string(mock))
        #expect(again.json["created"] == 1)
        #expect(again.json["updated"] == 1)
        #expect(again.json["removed"] == 1)
        let kept = try await customer.send(.get, "/mocks/\(mock)/routes/\(pets)").json
        #expect(kept["priority"] == 9)
        #expect(kept["responses"]?[0]?["body"] == ["name": "Tom"])
    }

    @Test func `importing the same file again changes no route and keeps one text`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.importText()
        let again = try await customer.importText()
        #expect(again.json["unchanged"] == 2)
        #expect(again.json["created"] == 0)
        #expect(again.json["updated"] == 0)
        #expect(try await customer.installation.objects.list(prefix: "", tenant: customer.tenant).count == 1)
    }

    @Test func `a dry run tells each change and makes none`() async throws {
        let customer = try await Customer(try Installation())
        let new = try await customer.importText(query: "?dry_run=true")
        #expect(new.status == 200)
        #expect(new.json["mock_id"]?.isNull == true)
        #expect(new.json["created"] == 2)
        #expect(new.json["changes"]?[0]?["operation"] == "GET /pets")
        #expect(try await customer.send(.get, "/workspaces/\(customer.workspace)/mocks").json["total"] == 0)
        #expect(try await customer.installation.objects.list(prefix: "", tenant: customer.tenant).isEmpty)
    }

    @Test func `a form with a file is imported as the file itself`() async throws {
        let customer = try await Customer(try Installation())
        let form =
            "--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--xyz\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"pets.yaml\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n\(Description.text())\r\n--xyz--\r\n"
        let answer = try await customer.send(
            .post, "/workspaces/\(customer.workspace)/import", text: form, type: "multipart/form-data; boundary=xyz")
        #expect(answer.status == 201)
        #expect(answer.json["created"] == 2)
    }

    @Test(arguments: [
        "", "--xyz", "--xyz--\r\n", "--xyz\r\n\r\n",
        "--xyz\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nopenapi",
        "nothing of the kind",
    ])
    func `a broken form is refused`(form: String) {
        #expect(throws: Problem.self) {
            _ = try MultipartFile.unwrap(Array(form.utf8), contentType: "multipart/form-data; boundary=xyz")
        }
    }

    @Test(arguments: [
        ("{", 400), ("swagger: '2.0'\ninfo: {title: Old, version: '1'}\npaths: {}\n", 422), ("a: 1", 422),
    ])
    func `what is no OpenAPI 3 file is refused`(text: String, status: Int) async throws {
        let customer = try await Customer(try Installation())
        #expect(try await customer.importText(text).status == status)
    }

    @Test func `a repeated import with one idempotency key makes one mock and keeps one text`() async throws {
        let customer = try await Customer(try Installation())
        let path = "/workspaces/\(customer.workspace)/import"
        for _ in 0..<2 {
            let answer = try await customer.send(
                .post, path, text: Description.text(), type: "application/yaml",
                headers: ["Idempotency-Key": "import-pets-1"])
            #expect(answer.status == 201)
        }
        #expect(try await customer.installation.objects.list(prefix: "", tenant: customer.tenant).count == 1)
    }

    @Test func `a refused import leaves no text behind`() async throws {
        let customer = try await Customer(try Installation(), plan: "free")
        _ = try await customer.installation.send(
            .patch, "/v1/tenants/\(customer.tenant)", json: ["quotas": ["max_mocks": 0]])
        #expect(try await customer.importText().code == "quota_exceeded")
        #expect(try await customer.installation.objects.list(prefix: "", tenant: customer.tenant).isEmpty)
    }

    @Test func `two imports at once never leave a mock without its text`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.importText()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask { _ = try await customer.importText(Description.text(reply: "R\(number)")) }
            }
            try await group.waitForAll()
        }
        let workspace = customer.workspace
        let mocks = try await customer.installation.database.read(.tenant(customer.tenant)) { sql in
            try MockRepository(sql).all(workspace: workspace)
        }
        #expect(mocks.count == 1)
        let named = mocks.compactMap { $0.source["object_key"]?.string }
        let kept = try await customer.installation.objects.list(prefix: "", tenant: customer.tenant).map(\.key)
        #expect(kept == named)
    }

    @Test func `a deleted mock takes its text with it`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try #require(try await customer.importText().json["mock_id"]?.string)
        #expect(try await customer.send(.delete, "/workspaces/\(customer.workspace)/mocks/\(mock)").status == 204)
        #expect(try await customer.installation.objects.list(prefix: "", tenant: customer.tenant).isEmpty)
    }

    @Test func `a file of two megabytes is imported`() async throws {
        let customer = try await Customer(try Installation())
        let text = Description.text() + "\nx-filler: \"" + String(repeating: "a", count: 2 << 20) + "\"\n"
        #expect(try await customer.importText(text).status == 201)
    }

    @Test func `an export holds workspace, mocks, routes and texts`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.importText()
        let answer = try await customer.send(.get, "/workspaces/\(customer.workspace)/export")
        #expect(answer.status == 200)
        #expect(answer.json["format"] == "mockforge-workspace/1")
        #expect(answer.json["workspace"]?["id"] == .string(customer.workspace.text))
        #expect(answer.json["mocks"]?[0]?["routes"]?.array?.count == 2)
        #expect(answer.json["mocks"]?[0]?["source_text"] == .string(Description.text()))
    }

    @Test func `an export is refused as an import, and the answer says what it is`() async throws {
        let customer = try await Customer(try Installation())
        let export = try await customer.send(.get, "/workspaces/\(customer.workspace)/export")
        let answer = try await customer.importText(export.text)
        #expect(answer.status == 422)
        #expect(answer.code == "unsupported_format")
        #expect(answer.json["detail"]?.string?.contains("export of a workspace") == true)
    }

    @Test func `without the permission nothing is exported`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.installation.send(
            .patch, "/v1/tenants/\(customer.tenant)", json: ["permissions": ["can_export_data": false]])
        let answer = try await customer.send(.get, "/workspaces/\(customer.workspace)/export")
        #expect(answer.status == 403)
        #expect(answer.code == "permission_missing")
    }
}
