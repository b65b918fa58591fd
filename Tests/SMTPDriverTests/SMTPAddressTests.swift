import Persistence
import SMTPDriver
import Testing

@Suite struct SMTPAddressTests {
    @Test func `a whole address is read`() throws {
        let address = try SMTPAddress("smtp://joe:p%40ss@mail.example.com:2525?from=a@b.example&from_name=Us%20two")
        #expect(address.host == "mail.example.com")
        #expect(address.port == 2525)
        #expect(address.security == .startTLS)
        #expect(address.login?.user == "joe")
        #expect(address.sender == MailSender(address: "a@b.example", name: "Us two"))
    }

    @Test func `the scheme tells TLS and the port`() throws {
        let implicit = try SMTPAddress("smtps://mail.example.com?from=a@b.example")
        #expect(implicit.security == .implicit)
        #expect(implicit.port == 465)
        #expect(try SMTPAddress("smtp://mail.example.com/?from=a@b.example").port == 587)
        #expect(try SMTPAddress("smtp://[::1]:25?from=a@b.example&tls=none").security == .none)
    }

    @Test func `a password is not shown`() throws {
        let address = try SMTPAddress("smtp://joe:very-secret@mail.example.com?from=a@b.example")
        #expect("\(address)" == "smtp://mail.example.com:587")
        #expect(!"\(String(reflecting: address.login))".contains("very-secret"))
    }

    @Test(arguments: [
        ("http://mail", "smtp://"), ("smtp://?from=a@b.example", "no host"), ("smtp://mail", "whom mail comes from"),
        ("smtp://mail?from=nobody", "no mail address"), ("smtp://mail:x?from=a@b.example", "port number"),
        ("smtp://joe@mail?from=a@b.example", "user:password"), ("smtp://mail?from=a@b.example&tls=maybe", "tls=maybe"),
        ("smtps://mail?from=a@b.example&tls=none", "smtps"),
        ("smtp://mail?from=a@b.example&x=1", "unknown option \"x\""),
        ("smtp://mail?from=a@b.example&from=a@b.example", "twice"), ("smtp://mail?from=", "without a value"),
        ("smtp://mail?from=a@b.example&from_name=%0d%0aBcc", "without a value"),
    ])
    func `a wrong address is refused with a sentence`(url: String, part: String) {
        let refusal = #expect(throws: SMTPAddress.Refusal.self) { try SMTPAddress(url) }
        #expect(refusal?.description.contains(part) == true, "\(refusal?.description ?? "")")
    }
}
