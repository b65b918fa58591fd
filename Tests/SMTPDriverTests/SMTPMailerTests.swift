import Domain
import JSON
import Persistence
import SMTPDriver
import TestSupport
import Testing

@Suite(.enabled(if: MailServer.isInstalled, "python3-aiosmtpd is not installed")) struct SMTPMailerTests {
    private let world = TestSurroundings(now: Timestamp(rfc3339: "2026-11-24T17:07:11Z")!)

    private func mail(to recipient: String = "ann@example.com", subject: String = "Ready", html: String? = nil) -> Mail
    {
        Mail(
            id: MailID(from: world.surroundings), to: recipient, subject: subject, text: "One\n.\nTwo\n", html: html)
    }

    private func mailer(
        _ server: MailServer, _ scheme: String = "smtp", login: String = "joe:p%40ss%2Fword@", options: String = "",
        timeLimit: Duration = .seconds(20)
    ) throws -> SMTPMailer {
        let address = try SMTPAddress(
            "\(scheme)://\(login)127.0.0.1:\(server.port)?from=robot@mocks.example&ca_file=\(server.authorityFile)"
                + options)
        return SMTPMailer(address, surroundings: world.surroundings, timeLimit: timeLimit)
    }

    private func failure(_ mailer: SMTPMailer, _ mail: Mail) async -> MailerError? {
        await #expect(throws: MailerError.self) { try await mailer.send(mail) }
    }

    @Test func `a mail goes over STARTTLS after a login`() async throws {
        let server = try MailServer(.starttls)
        let mail = mail()
        try await mailer(server).send(mail)
        let message = try server.message()
        #expect(message["tls"] == true)
        #expect(message["user"]?.string == "joe")
        #expect(message["from"]?.string == "robot@mocks.example")
        #expect(message["to"] == ["ann@example.com"])
        let content = try #require(message["content"]?.string)
        #expect(content.contains("Message-ID: <\(mail.id)@mocks.example>\r\n"))
        #expect(content.contains("Date: Tue, 24 Nov 2026 17:07:11 +0000\r\n"))
        #expect(content.hasSuffix("\r\n\r\nOne\r\n.\r\nTwo\r\n"))
    }

    @Test func `a mail goes over TLS from the first byte`() async throws {
        let server = try MailServer(.implicit)
        try await mailer(server, "smtps").send(mail())
        let message = try server.message()
        #expect(message["tls"] == true)
        #expect(message["user"]?.string == "joe")
    }

    @Test func `without TLS a mail goes only where the address says so`() async throws {
        let server = try MailServer(.none)
        let refused = await failure(try mailer(server), mail())
        #expect(refused?.description.contains("offers no TLS") == true, "\(String(describing: refused))")
        try await mailer(server, login: "", options: "&tls=none").send(mail())
        #expect(try server.message()["tls"] == false)
    }

    @Test func `a certificate of an unknown authority is refused`() async throws {
        let server = try MailServer(.implicit)
        let address = try SMTPAddress("smtps://joe:p%40ss%2Fword@127.0.0.1:\(server.port)?from=a@b.example")
        let refused = await failure(SMTPMailer(address), mail())
        guard case .passing(let sentence) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(sentence.contains("no TLS with the mail server"))
    }

    @Test(arguments: ["452@example.com", "data-451@example.com"])
    func `a refusal for now is passing`(recipient: String) async throws {
        let server = try MailServer(.starttls)
        guard case .passing = await failure(try mailer(server), mail(to: recipient)) else {
            Issue.record("not passing")
            return
        }
    }

    @Test func `what was refused for now is taken the next time`() async throws {
        let server = try MailServer(.starttls)
        let (mailer, mail) = (try mailer(server), mail(to: "once-451@example.com"))
        guard case .passing = await failure(mailer, mail) else {
            Issue.record("not passing")
            return
        }
        try await mailer.send(mail)
        #expect(try server.message()["content"]?.string?.contains("Message-ID: <\(mail.id)@") == true)
    }

    @Test(arguments: ["550@example.com", "data-550@example.com", "no address", "a@b.example>\r\nRCPT TO:<x@y.example"])
    func `a refusal for good and what is no address are permanent`(recipient: String) async throws {
        let server = try MailServer(.starttls)
        guard case .permanent = await failure(try mailer(server), mail(to: recipient)) else {
            Issue.record("not permanent")
            return
        }
    }

    @Test func `a wrong password is said so, and does not condemn the mail`() async throws {
        let server = try MailServer(.starttls)
        let mailer = try mailer(server, login: "joe:wrong@")
        guard case .passing(let sentence) = await failure(mailer, mail()) else {
            Issue.record("not passing")
            return
        }
        #expect(sentence.contains("refuses the login"))
        #expect(!sentence.contains("wrong"))
        let atStart = await #expect(throws: MailerError.self) { try await mailer.connect() }
        #expect(atStart == .permanent(sentence))
    }

    @Test func `connecting proves server, TLS and login without a mail`() async throws {
        let server = try MailServer(.starttls)
        let mailer = try mailer(server)
        try await mailer.connect()
        try await mailer.send(mail(subject: "the first"))
        #expect(try server.message()["content"]?.string?.contains("Subject: the first\r\n") == true)
    }

    @Test func `a server that hangs is given up in time`() async throws {
        let server = try MailServer(.starttls)
        let mailer = try mailer(server, timeLimit: .seconds(2))
        let refused = await failure(mailer, mail(to: "hang@example.com"))
        #expect(refused?.description.contains("does not answer in time") == true)
    }

    @Test func `a server that dies after the message and before its answer leaves the mail uncertain`() async throws {
        let server = try MailServer(.starttls)
        let mail = mail(to: "die@example.com")
        guard case .uncertain = await failure(try mailer(server), mail) else {
            Issue.record("not uncertain")
            return
        }
        // It had taken it: sending it again would have delivered it twice.
        #expect(try server.message()["content"]?.string?.contains("Message-ID: <\(mail.id)@") == true)
    }

    @Test func `nobody at the port is said so`() async throws {
        let port: Int
        do {
            let server = try MailServer(.none)
            port = server.port
        }
        let mailer = SMTPMailer(try SMTPAddress("smtp://127.0.0.1:1?from=a@b.example"))
        guard case .passing(let sentence) = await failure(mailer, mail()) else {
            Issue.record("not passing")
            return
        }
        #expect(port != 1)
        #expect(sentence.contains("cannot reach the mail server smtp://127.0.0.1:1"))
    }

    @Test func `text, HTML and headers of any language come whole`() async throws {
        let server = try MailServer(.starttls)
        let subject = "Grüße aus Zürich — " + String(repeating: "漢字", count: 30)
        let html = "<p>Grüße = \(String(repeating: "ä", count: 200))</p>"
        try await mailer(server, options: "&from_name=M%C3%B6ck").send(mail(subject: subject, html: html))
        let content = try #require(try server.message()["content"]?.string)
        #expect(content.utf8.allSatisfy { $0 < 128 })
        #expect(content.split(separator: "\r\n").filter { $0.utf8.count > 76 } == [])
        #expect(content.contains("Content-Type: multipart/alternative"))
        let parsed = try ParsedMail(content)
        #expect(parsed.subject == subject)
        #expect(parsed.sender == "Möck <robot@mocks.example>")
        // The last line break belongs to the boundary.
        #expect(parsed.text == "One\n.\nTwo")
        #expect(parsed.html == html)
    }

    @Test func `a line break in a subject starts no header`() async throws {
        let server = try MailServer(.starttls)
        try await mailer(server).send(mail(subject: "Hello\r\nBcc: evil@x.example"))
        let content = try #require(try server.message()["content"]?.string)
        #expect(!content.contains("\nBcc:"))
        #expect(try ParsedMail(content).subject == "Hello  Bcc: evil@x.example")
    }
}
