import Domain
import Hummingbird
import JSON
import NIOCore
import Persistence
import ServiceLifecycle

/// Journal entries as server-sent events (HTML standard, section 9.2): `event: request`, the entry as data.
enum EventStream {
    /// A comment this often keeps proxies from closing a quiet stream, and finds readers that are gone.
    private static let heartbeat = Duration.seconds(15)

    private enum Event: Sendable {
        case entry(JournalEntry)
        case heartbeat
    }

    static func body(
        _ entries: AsyncStream<JournalEntry>, _ filter: JournalFilter, _ place: OpenStreams.Place
    ) -> ResponseBody {
        ResponseBody { writer in
            defer { place.leave() }
            try await writer.write(ByteBuffer(string: ": watching\n\n"))
            for await event in events(entries).cancelOnGracefulShutdown() {
                switch event {
                case .heartbeat:
                    try await writer.write(ByteBuffer(string: ": still here\n\n"))
                case .entry(let entry) where filter.includes(entry):
                    try await writer.write(
                        ByteBuffer(string: "event: request\nid: \(entry.id)\ndata: \(entry.json.text)\n\n"))
                case .entry:
                    continue
                }
            }
            try await writer.finish(nil)
        }
    }

    /// The entries with heartbeats between them, until the reader stops.
    private static func events(_ entries: AsyncStream<JournalEntry>) -> AsyncStream<Event> {
        AsyncStream(bufferingPolicy: .bufferingNewest(256)) { continuation in
            let forwarding = Task {
                for await entry in entries { continuation.yield(.entry(entry)) }
                continuation.finish()
            }
            let beating = Task {
                while !Task.isCancelled {
                    try await Task.sleep(for: heartbeat)
                    continuation.yield(.heartbeat)
                }
            }
            continuation.onTermination = { _ in
                forwarding.cancel()
                beating.cancel()
            }
        }
    }
}
