import Foundation
import JSON
import NIOHTTP1
import Testing

extension EndToEnd {
    /// A store that cannot be used ends the start with one sentence that names the key: exit code 78 when something has to
    /// be set right, 69 when it may be there later.
    @Suite(.enabled(if: Services.shared != nil, "needs PostgreSQL, Redis, S3 and SMTP; make test starts them"))
    struct StartupTests {
        private func start(
            _ key: String, _ url: String, _ code: Int32, _ words: String..., secrets: [String] = [],
            environment: [String: String] = [:]
        ) async throws {
            let variable = "MOCKFORGE_" + key.uppercased().replacingOccurrences(of: ".", with: "_")
            let result = try await Programs.run(
                ["serve", "--port", "0", "--management-port", "0"],
                environment: environment.merging([variable: url]) { $1 })
            #expect(result.code == code, "\(result.code) \(result.errors)")
            let lines = result.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
            #expect(lines.count == 1, "\(result.errors)")
            let line = String(lines.last ?? "")
            #expect(line.contains(key), "\(line)")
            for word in words { #expect(line.contains(word), "\(line)") }
            for secret in secrets { #expect(!result.errors.contains(secret), "\(result.errors)") }
        }

        private var services: Services { get throws { try #require(Services.shared) } }

        @Test(arguments: ["database.url", "redis.url", "storage.url", "mail.url"])
        func `a URL of no known kind`(key: String) async throws {
            try await start(key, "carrier-pigeon://u:hunter2@h", 78, "carrier-pigeon", secrets: ["hunter2"])
        }

        @Test func `PostgreSQL with a wrong password`() async throws {
            let url = try services.url("POSTGRES")
            try await ClusterStores.psql(
                url,
                """
                DO $$ BEGIN
                    CREATE ROLE passworded LOGIN PASSWORD 'right';
                EXCEPTION WHEN duplicate_object THEN NULL; END $$
                """)
            let wrong = url.replacingOccurrences(of: "postgres@", with: "passworded:hunter2@")
            try await start("database.url", wrong, 78, "password", secrets: ["hunter2"])
        }

        @Test func `PostgreSQL without the database`() async throws {
            let url = try services.url("POSTGRES").replacingOccurrences(of: "/postgres", with: "/nowhere")
            try await start("database.url", url, 78, "nowhere")
        }

        @Test func `PostgreSQL that does not answer`() async throws {
            try await start("database.url", "postgres://postgres@127.0.0.1:1/postgres", 69, "127.0.0.1")
        }

        @Test(arguments: [(change: "older", words: "mockforge migrate"), (change: "newer", words: "newer mockforge")])
        func `a schema of another version`(change: String, words: String) async throws {
            let stores = try await ClusterStores(try services)
            let folder = try ScratchFolder()
            let environment = ["MOCKFORGE_DATABASE_URL": stores.databaseURL]
            let made = try await Programs.run(["migrate"], environment: environment, in: folder)
            #expect(made.code == 0, "\(made.errors)")
            try await stores.sql(
                change == "newer"
                    ? "INSERT INTO platform.ledger VALUES (9999, 'from_the_future', '0', 0)"
                    : "DELETE FROM platform.ledger WHERE version = (SELECT max(version) FROM platform.ledger)")
            try await start("database.url", stores.databaseURL, 78, words)
        }

        @Test func `a single tenant with a schema of another version is refused at its first use, and nobody else`()
            async throws
        {
            let stores = try await ClusterStores(try services)
            let folder = try ScratchFolder()
            let environment = [
                "MOCKFORGE_DATABASE_URL": stores.databaseURL, "MOCKFORGE_ADMIN_TOKEN": RunningServer.adminToken,
            ]
            var examples: [Example] = []
            do {
                let server = try await RunningServer(in: folder, environment: environment, deployment: .embedded)
                for number in 1...5 {
                    let example = try await Example(server, "tenant\(number)")
                    try await example.route("/it", ["status": 200, "body": "ok"])
                    examples.append(example)
                }
                #expect(try await server.stop() == 0)
            }
            // A start looks at the last ones by id.
            examples.sort { $0.id < $1.id }
            let ledger = "tenant_\(examples[0].id).ledger"
            try await stores.sql("INSERT INTO \(ledger) VALUES (9999, 'from_the_future', '0', 0)")
            let server = try await RunningServer(in: folder, environment: environment, deployment: .embedded)
            let mock = try await examples[0].http(server.port).get("/x/it")
            let api = try await server.api(examples[0].key).get("/workspaces")
            let refused: [HTTP.Reply] = [mock, api]
            for reply in refused {
                #expect(reply.status == 503, "\(reply.text)")
                #expect(reply.json["code"] == "schema_version", "\(reply.text)")
                #expect(reply.headers.first(name: "retry-after") == "60")
            }
            #expect(server.log.contains("the schema of tenant \(examples[0].id) is at version 9999"))
            for example in examples[1...] {
                #expect(try await example.http(server.port).get("/x/it").status == 200)
            }
            try await stores.sql("DELETE FROM \(ledger) WHERE version = 9999")
            #expect(try await examples[0].http(server.port).get("/x/it").status == 200)
        }

        @Test func `S3 with a wrong secret`() async throws {
            let url = try services.url("S3").replacingOccurrences(of: ":mockforge-secret@", with: ":hunter2@")
            try await start("storage.url", url, 78, "mockforge-test", secrets: ["hunter2"])
        }

        @Test func `S3 without the bucket`() async throws {
            let url = try services.url("S3").replacingOccurrences(of: "@mockforge-test", with: "@nowhere")
            try await start("storage.url", url, 78, "nowhere")
        }

        @Test func `S3 that does not answer`() async throws {
            try await start("storage.url", "s3://a:b@bucket?endpoint=http://127.0.0.1:1", 69, "127.0.0.1:1")
        }

        @Test func `Redis with a password that it does not take`() async throws {
            let url = try services.url("REDIS").replacingOccurrences(of: "redis://", with: "redis://:hunter2@")
            try await start("redis.url", url, 78, "refuses us", secrets: ["hunter2"])
        }

        @Test func `Redis without the database`() async throws {
            let url = try services.url("REDIS").replacingOccurrences(of: "/0", with: "/9999")
            try await start("redis.url", url, 78, "out of range")
        }

        @Test func `a single Redis server where a cluster is named`() async throws {
            let url = try services.url("REDIS").replacingOccurrences(of: "redis://", with: "redis+cluster://")
            try await start("redis.url", url.replacingOccurrences(of: "/0", with: ""), 78, "not part of a cluster")
        }

        @Test func `Redis that does not answer`() async throws {
            try await start("redis.url", "redis://127.0.0.1:1", 69, "127.0.0.1:1")
        }

        @Test(arguments: [
            ("database.url", "postgres://u:hunter2@nowhere.invalid/x"),
            ("redis.url", "redis://:hunter2@nowhere.invalid"),
            ("storage.url", "s3://u:hunter2@bucket?endpoint=http://nowhere.invalid"),
            ("mail.url", "smtp://u:hunter2@nowhere.invalid?from=a@example.com"),
        ])
        func `a host that nobody knows`(key: String, url: String) async throws {
            try await start(key, url, 69, "nowhere.invalid", secrets: ["hunter2"])
        }

        @Test func `a mail server with a wrong password`() async throws {
            let url = try services.url("SMTP").replacingOccurrences(of: "smtp://", with: "smtp://mockforge:hunter2@")
            try await start("mail.url", url, 78, "refuses the login", secrets: ["hunter2"])
        }

        @Test func `a mail server that does not answer`() async throws {
            try await start("mail.url", "smtp://127.0.0.1:1?from=a@example.com&tls=none", 69, "127.0.0.1:1")
        }

        @Test(arguments: [
            (key: "database.url", url: "POSTGRES", library: "libpq", file: "libpq.so.5"),
            (key: "mail.url", url: "SMTP", library: "libcurl", file: "libcurl.so.4"),
        ])
        func `a client library that cannot be loaded`(
            key: String, url: String, library: String, file: String
        ) async throws {
            // Found before the installed one, and no library.
            let folder = try ScratchFolder()
            try Data("no library".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + file))
            try await start(
                key, try services.url(url), 78, "needs \(library), which is not installed", file,
                environment: ["LD_LIBRARY_PATH": folder.path])
        }

        @Test func `doctor names the store that is wrong`() async throws {
            let result = try await Programs.run(
                ["doctor", "--management-port", "1"],
                environment: ["MOCKFORGE_DATABASE_URL": "postgres://postgres@127.0.0.1:1/postgres"])
            #expect(result.code == 1)
            #expect(result.output.contains("WRONG  database: database.url"), "\(result.output)")
        }

        @Test func `doctor looks at the shared state`() async throws {
            let right = try await Programs.run(
                ["doctor", "--management-port", "1"], environment: ["MOCKFORGE_REDIS_URL": try services.url("REDIS")])
            #expect(right.output.contains("OK  shared state: Redis answers"), "\(right.output)")
            let wrong = try await Programs.run(
                ["doctor", "--management-port", "1"], environment: ["MOCKFORGE_REDIS_URL": "redis://127.0.0.1:1"])
            #expect(wrong.code == 1)
            #expect(wrong.output.contains("WRONG  shared state: redis.url"), "\(wrong.output)")
        }
    }
}
