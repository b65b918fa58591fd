import Domain
import JSON
import Logging

/// Writes each log message as one line on standard error, for people or as a JSON object.
struct LineLogHandler: LogHandler {
    let label: String
    let format: Settings.LogFormat
    let now: @Sendable () -> Timestamp
    /// Takes one whole line without its end.
    let write: @Sendable (String) -> Void

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(
        label: String, format: Settings.LogFormat, level: Logger.Level,
        now: @escaping @Sendable () -> Timestamp = { Timestamp.systemNow() },
        write: @escaping @Sendable (String) -> Void = StandardError.write(line:)
    ) {
        self.label = label
        self.format = format
        self.logLevel = level
        self.now = now
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        let sorted = fields.sorted { $0.key < $1.key }
        switch format {
        case .json: write(jsonLine(event, sorted))
        case .human: write(humanLine(event, sorted))
        }
    }

    private func jsonLine(_ event: LogEvent, _ fields: [(key: String, value: Logger.MetadataValue)]) -> String {
        var object: JSONObject = [
            "time": .string(now().rfc3339), "level": .string(event.level.rawValue), "logger": .string(label),
            "message": .string("\(event.message)"),
        ]
        for (key, value) in fields where !object.contains(key) { object[key] = Self.json(value) }
        return JSON.object(object).text
    }

    private static func json(_ value: Logger.MetadataValue) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string("\(value)")
        case .array(let items): .array(items.map(json))
        case .dictionary(let members):
            .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }))
        }
    }

    private func humanLine(_ event: LogEvent, _ fields: [(key: String, value: Logger.MetadataValue)]) -> String {
        var line = "\(now().rfc3339) \(event.level.rawValue.uppercased()) \(event.message)"
        for (key, value) in fields {
            let text = "\(value)"
            let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7F }
            line += " \(key)=" + (isPlain ? text : JSON.string(text).text)
        }
        // A message must stay one line, or a stranger's text could pretend to be a line of ours.
        return String(line.map { $0.isNewline ? " " : $0 })
    }
}
