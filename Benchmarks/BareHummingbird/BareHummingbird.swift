import Hummingbird
import Logging
import NIOPosix

/// What the framework alone costs: Hummingbird answering every request with the same bytes. Takes the port as its only
/// argument.
@main
struct BareHummingbird {
    static func main() async throws {
        guard CommandLine.arguments.count == 2, let port = Int(CommandLine.arguments[1]) else {
            print("usage: bare-hummingbird PORT")
            return
        }
        var logger = Logger(label: "bare-hummingbird")
        logger.logLevel = .error
        // As long as the mock's body in the benchmark: 175 bytes of JSON.
        let body = ByteBuffer(string: "{\"id\":\"" + String(repeating: "x", count: 166) + "\"}")
        let router = Router()
        router.get("/") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), backlog: 1024),
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)), logger: logger)
        try await application.runService()
    }
}
