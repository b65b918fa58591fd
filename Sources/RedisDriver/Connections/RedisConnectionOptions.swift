import NIOCore
import NIOSSL

/// Bounds of a client.
package struct RedisLimits: Sendable {
    /// Commands that may wait for their replies on one connection; further ones fail at once.
    package var commandsInFlight = 20_000
    package var replies = RedisReplyLimits()
    /// How long to wait before the second attempt to connect; twice as long before each further one.
    package var firstPause = Duration.milliseconds(50)
    package var longestPause = Duration.seconds(2)

    package init() {}
}

/// What every connection of a client has in common.
struct RedisConnectionOptions: Sendable {
    let address: RedisAddress
    let limits: RedisLimits
    let eventLoops: any EventLoopGroup
    let tls: NIOSSLContext?

    /// - Throws: `RedisAddress.Refusal` for certificates that cannot be read.
    init(_ address: RedisAddress, _ limits: RedisLimits, _ eventLoops: any EventLoopGroup) throws(RedisAddress.Refusal)
    {
        self.address = address
        self.limits = limits
        self.eventLoops = eventLoops
        tls = address.isSecure ? try Self.tls(address) : nil
    }

    private static func tls(_ address: RedisAddress) throws(RedisAddress.Refusal) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = address.trustedCertificates { configuration.trustRoots = .file(file) }
        do {
            if let certificate = address.certificate, let key = address.privateKey {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RedisAddress.Refusal("names certificates that cannot be read as PEM files (\(error))")
        }
    }
}
