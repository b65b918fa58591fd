import Domain
import Foundation
import Persistence
import TestSupport
import Testing

@Suite struct `Folder drivers` {
    let folder = TemporaryFolder()
    let acme = TenantID("acme000001")!
    let mail = Mail(
        id: MailID(from: TestSurroundings().surroundings), to: "a@b.example",
        subject: "Ready\r\nBcc: evil@x.example", text: "one\ntwo")

    @Test func `a symbolic link is neither followed nor listed`() async throws {
        let store = FolderObjectStore(folder.path + "/objects")
        let secret = folder.path + "/secret"
        try FileManager.default.createDirectory(atPath: secret, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: secret + "/file"))
        try await store.prepare(acme)
        let prefix = folder.path + "/objects/tenants/\(acme)"
        try FileManager.default.createSymbolicLink(atPath: prefix + "/link", withDestinationPath: secret)
        try FileManager.default.createSymbolicLink(atPath: prefix + "/file", withDestinationPath: secret + "/file")
        await #expect(throws: (any Error).self) { try await store.get(key: "link/file", tenant: acme) }
        await #expect(throws: (any Error).self) { try await store.put([2], key: "link/new", tenant: acme) }
        await #expect(throws: (any Error).self) { try await store.get(key: "file", tenant: acme) }
        #expect(try await store.list(prefix: "", tenant: acme).isEmpty)
        try await store.put([3], key: "file", tenant: acme)
        #expect(try Data(contentsOf: URL(filePath: secret + "/file")) == Data([1]))
    }

    @Test func `objects are for the server's user alone`() async throws {
        try await FolderObjectStore(folder.path).put([1], key: "a", tenant: acme)
        let path = folder.path + "/tenants/\(acme)/a"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `a mail sent twice is one file`() async throws {
        let mailer = FolderMailer(folder.path)
        try await mailer.send(mail)
        try await mailer.send(mail)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["\(mail.id).eml"])
    }

    @Test func `a line break starts no header`() async throws {
        try await FolderMailer(folder.path).send(mail)
        let text = try String(contentsOf: URL(filePath: folder.path + "/\(mail.id).eml"), encoding: .utf8)
        #expect(text.contains("To: <a@b.example>\r\n"))
        #expect(!text.contains("\nBcc:"))
        #expect(text.hasSuffix("\r\n\r\none\r\ntwo\r\n"))
        let bad = Mail(id: mail.id, to: "a@b.example\r\nBcc: evil@x.example", subject: "", text: "")
        await #expect(throws: MailerError.self) { try await FolderMailer(folder.path).send(bad) }
    }
}
