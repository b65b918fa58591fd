import PostgresDriver
import Testing

@Suite struct `PostgreSQL addresses` {
    @Test func `every part is read`() throws {
        let address = try PostgresAddress(
            "postgres://mock%40forge:p%3A%2Fw@db.example:6432/mockforge?sslmode=verify-full&sslrootcert=/etc/ca.pem"
                + "&sslcert=/etc/c.pem&sslkey=/etc/k.pem&pool_size=20&pool_timeout=3&connect_timeout=4&statement_timeout=60"
                + "&lock_timeout=7&prepared_statements=false&tenants_per_connection=50")
        #expect(address.user == "mock@forge")
        #expect(address.password == "p:/w")
        #expect(address.hosts == [PostgresAddress.Host(name: "db.example", port: 6432)])
        #expect(address.database == "mockforge")
        #expect(address.tlsMode == .verifyFull)
        #expect(address.rootCertificateFile == "/etc/ca.pem")
        #expect(address.certificateFile == "/etc/c.pem")
        #expect(address.privateKeyFile == "/etc/k.pem")
        #expect(address.poolSize == 20)
        #expect(address.poolTimeout == .seconds(3))
        #expect(address.connectTimeout == .seconds(4))
        #expect(address.statementTimeout == .seconds(60))
        #expect(address.lockTimeout == .seconds(7))
        #expect(address.preparedStatements == .never)
        #expect(address.tenantsPerConnection == 50)
    }

    @Test func `several hosts and IPv6 are read`() throws {
        let address = try PostgresAddress("postgresql://u@[::1]:5433,db2/d")
        #expect(
            address.hosts == [
                PostgresAddress.Host(name: "::1", port: 5433), PostgresAddress.Host(name: "db2", port: 5432),
            ])
        #expect(address.authority == "[::1]:5433,db2:5432")
    }

    @Test func `a socket's folder may stand for the host`() throws {
        #expect(try PostgresAddress("postgres:///d?host=/run/postgresql").hosts.map(\.name) == ["/run/postgresql"])
    }

    @Test func `no description shows the password`() throws {
        let address = try PostgresAddress("postgres://u:hunter2@h/d")
        var dumped = ""
        dump(address, to: &dumped)
        for text in ["\(address)", String(reflecting: address), "\([address])", "\(Optional(address) as Any)", dumped] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
        #expect("\(address)" == "postgres://u@h:5432/d")
    }

    @Test(arguments: [
        ("mysql://h/d", "is not a PostgreSQL address"),
        ("postgres://u:secret@h", "names no database"),
        ("postgres://u:secret@h/", "names no database"),
        ("postgres:///d", "names no host"),
        ("postgres://u:secret@h:99999/d", "has the port \"99999\""),
        ("postgres://u:secret@h/d?poolsize=3", "unknown parameter \"poolsize\"; known are connect_timeout"),
        ("postgres://u:secret@h/d?pool_size=0", "has pool_size=0; write 1 to 500 connections"),
        ("postgres://u:secret@h/d?sslmode=on", "write one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("postgres://u:secret@h/d?sslmode=require&sslmode=disable", "has sslmode twice"),
        ("postgres://u:secret@h/d?pool_size", "has no value for pool_size"),
        ("postgres://u:secret%@h/d", "write %25 for a percent sign"),
        ("postgres://u:secret%00@h/d", "not UTF-8 text"),
        ("postgres://u:se#cret@h/d", "write %23"),
        ("postgres://@h/d", "names no user"),
    ])
    func `a wrong address is refused with a sentence, without the password`(text: String, part: String) {
        let refusal = #expect(throws: PostgresAddress.Refusal.self) { try PostgresAddress(text) }
        #expect(refusal?.sentence.contains(part) == true, "\(String(describing: refusal))")
        #expect(refusal?.sentence.contains("secret") == false)
    }
}
