import ControlPlane
import Domain
import Foundation
import Testing

@testable import App

@Suite struct ServingTests {
    /// A folder that goes with this object.
    private final class Scratch {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("app-\(UUID().uuidString)").path
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func settings(_ flags: (String, String)...) throws -> Settings {
        try LoadedSettings.load(flags: flags.map { ("--set", $0.0, $0.1) }, environment: [:]) { _ in nil }.settings
    }

    @Test func `addresses follow from the base domain and the port`() throws {
        let addresses = ServerAssembly.addresses(try settings(("base_domain", "example.com"), ("server.port", "81")))
        #expect(addresses == PublicAddresses(scheme: "http", baseDomain: "example.com", port: 81))
    }

    @Test(arguments: [
        ("https://mockforge.dev", "https", nil), ("https://mockforge.dev:8443/", "https", 8443),
        ("http://mockforge.dev:80", "http", nil),
    ])
    func `a public URL gives scheme and port`(url: String, scheme: String, port: Int?) throws {
        let addresses = ServerAssembly.addresses(
            try settings(("base_domain", "mockforge.dev"), ("server.public_url", url)))
        #expect(addresses == PublicAddresses(scheme: scheme, baseDomain: "mockforge.dev", port: port))
    }

    @Test func `one data folder has one owner at a time`() throws {
        let scratch = Scratch()
        var first: DataFolder? = try DataFolder(scratch.path + "/data")
        #expect(first?.wasEmpty == true)
        #expect(throws: ConfigurationError.self) { try DataFolder(scratch.path + "/data") }
        first = nil
        _ = try DataFolder(scratch.path + "/data")
    }

    @Test func `a generated token stays the same and is told once`() throws {
        let scratch = Scratch()
        let folder = try DataFolder(scratch.path)
        let first = try OperatorToken(configured: nil, in: folder, .system)
        let second = try OperatorToken(configured: nil, in: folder, .system)
        #expect(first.text == second.text)
        #expect(first.text.count == 49)
        #expect(first.isNew)
        #expect(!second.isNew)
        #expect(!Files.isOpenToOthers(folder.file(OperatorToken.fileName)))
    }

    @Test func `a configured token is not written down`() throws {
        let scratch = Scratch()
        let folder = try DataFolder(scratch.path)
        let token = try OperatorToken(configured: "0123456789abcdef", in: folder, .system)
        #expect(token.text == "0123456789abcdef")
        #expect(!Files.exists(folder.file(OperatorToken.fileName)))
    }

    @Test func `the welcome shows a token only when it is new`() throws {
        let scratch = Scratch()
        let folder = try DataFolder(scratch.path)
        let new = try OperatorToken(configured: nil, in: folder, .system)
        let old = try OperatorToken(configured: nil, in: folder, .system)
        #expect(Welcome.text(try settings(), token: new).contains { $0.contains(new.text) })
        #expect(!Welcome.text(try settings(), token: old).contains { $0.contains(new.text) })
        #expect(!Welcome.demo(try settings(), token: old, key: nil).contains { $0.contains(new.text) })
    }

    @Test func `the built-in demo is the shop of the examples`() throws {
        let file = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/examples/shop.yaml"
        #expect(try DemoSource.read(nil) == Files.read(file))
    }
}
