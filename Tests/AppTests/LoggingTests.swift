import Domain
import JSON
import Logging
import Synchronization
import Testing

@testable import App

@Suite struct LoggingTests {
    private func line(_ format: Settings.LogFormat, _ message: Logger.Message, _ metadata: Logger.Metadata) -> String {
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { label in
            LineLogHandler(label: label, format: format, level: .info, now: { Timestamp(seconds: 0) }) { line in
                lines.withLock { $0.append(line) }
            }
        }
        logger.info(message, metadata: metadata)
        return lines.withLock { $0.joined(separator: "|") }
    }

    @Test func `a JSON line is one object with request id and tenant`() throws {
        let text = line(.json, "a \"b\"\nc", ["request_id": "r", "tenant_id": "t"])
        #expect(!text.contains("\n"))
        #expect(
            try JSON.parse(text) == [
                "time": "1970-01-01T00:00:00Z", "level": "info", "logger": "test", "message": "a \"b\"\nc",
                "request_id": "r", "tenant_id": "t",
            ])
    }

    @Test func `a line for people stays one line whatever a stranger sends`() {
        #expect(
            line(.human, "done\nFAKE", ["path": "/a b\r\n"])
                == "1970-01-01T00:00:00Z INFO done FAKE path=\"/a b\\r\\n\"")
    }

    @Test func `a field of the line cannot be replaced by metadata`() throws {
        #expect(try JSON.parse(line(.json, "m", ["level": "fake"]))["level"] == "info")
    }
}
