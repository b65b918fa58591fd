/// Tells a reconciler that there is work, without saying which: any number of nudges before it looks are one.
package struct Nudge: Sendable {
    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    package init() {
        (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    package func nudge() { continuation.yield() }
}
