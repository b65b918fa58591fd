import Foundation
import JSON

/// A mail as Python's `email` package, which is not ours, understands it.
struct ParsedMail {
    let subject: String
    let sender: String
    let text: String?
    let html: String?

    struct Unreadable: Error {}

    private static let script = """
        import email, email.policy, json, sys
        message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
        body = lambda kind: (lambda part: part and part.get_content())(message.get_body((kind,)))
        print(json.dumps([message["subject"], message["from"], body("plain"), body("html")]))
        """

    init(_ content: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", Self.script]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Array(content.utf8))
        try input.fileHandleForWriting.close()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard let values = try JSON.parse(Array(bytes)).array, values.count == 4, let subject = values[0].string,
            let sender = values[1].string
        else { throw Unreadable() }
        self.subject = subject
        self.sender = sender
        text = values[2].string?.replacing("\r\n", with: "\n")
        html = values[3].string?.replacing("\r\n", with: "\n")
    }
}
