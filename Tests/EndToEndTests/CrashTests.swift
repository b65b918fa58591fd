import Foundation
import JSON
import Testing

extension EndToEnd {
    @Suite struct CrashTests {
        /// Milliseconds after sending the request; together they meet every step of provisioning on machines of any speed.
        @Test(arguments: [0, 3, 6, 10, 15, 22, 30, 45, 70, 120])
        func `kill -9 during provisioning and a retry with the same key end with one tenant`(delay: Int) async throws {
            let body: JSON = [
                "name": "Crash", "subdomain": "crash", "plan": "free", "admin_email": "admin@example.com",
            ]
            let first = try await RunningServer()
            let admin = first.admin
            let request = Task { try? await admin.send("POST", "/tenants", body, idempotencyKey: "crash-test-0001") }
            try await Task.sleep(for: .milliseconds(delay))
            try await first.kill()
            let acknowledged = await request.value

            let second = try await RunningServer(in: first.folder)
            let retry = try await second.admin.send("POST", "/tenants", body, idempotencyKey: "crash-test-0001")
            #expect(retry.status == 201, "\(retry.text)")
            if let acknowledged, acknowledged.status == 201 {
                #expect(retry.json["tenant_id"] == acknowledged.json["tenant_id"])
            }
            let list = try await second.admin.get("/tenants").json
            #expect(list["total"] == 1)
            let key = try #require(retry.json["api_key"]?.string)
            #expect(try await second.api(key).get("/workspaces").json["total"] == 1)
            #expect(try await second.schemaCount() == 1)
        }

        @Test func `what was acknowledged survives kill -9`() async throws {
            let first = try await RunningServer()
            let key = try #require(try await first.admin.tenant("durable")["api_key"]?.string)
            let made = try await first.api(key).post("/workspaces", ["name": "Kept"])
            #expect(made.status == 201)
            try await first.kill()
            let second = try await RunningServer(in: first.folder)
            #expect(try await second.api(key).get("/workspaces").json["total"] == 2)
        }
    }
}
