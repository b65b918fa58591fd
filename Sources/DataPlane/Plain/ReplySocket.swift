package import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The socket of a connection, for replies that go out at once and whole, as nearly all do. By way of the channel a reply
/// is wrapped, handed from handler to handler, kept in a list of what is to be written and taken out of it again, which
/// costs as much as answering.
///
/// Whoever uses it sees to it that nothing that came before still waits in the channel.
package struct ReplySocket {
    private let channel: any Channel
    private let handle: CInt

    /// Nil for a channel without a socket.
    package init?(_ channel: any Channel) {
        let handle = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        guard let handle else { return nil }
        self.channel = channel
        self.handle = handle
    }

    /// Sends as much as the socket takes now and gives its number of bytes: 0 also where the socket is broken, which the
    /// channel finds out when it is given the rest. To be called on the event loop.
    package func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        // The channel closes the socket on this loop and is not active from then on; the number may be another's by now.
        guard channel.isActive else { return 0 }
        while true {
            let sent = sendNow(bytes)
            if sent >= 0 { return sent }
            guard errno == EINTR else { return 0 }
        }
    }

    /// The channel has made the socket one that does not block.
    private func sendNow(_ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.send(handle, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
        #else
            Darwin.send(handle, bytes.baseAddress, bytes.count, 0)
        #endif
    }
}
