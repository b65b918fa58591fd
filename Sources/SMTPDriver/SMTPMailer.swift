import CCurl
import Dispatch
package import Domain
package import Persistence

/// Hands mail to a mail server. Each mail is a conversation of its own, on a thread of the mailer's, since libcurl blocks.
package final class SMTPMailer: Mailer {
    private let address: SMTPAddress
    private let surroundings: Surroundings
    private let timeLimit: Duration
    /// One mail after the other: a slow server holds up mail, and nothing else.
    private let queue = DispatchQueue(label: "mockforge.smtp")

    private static let longestConnecting = Duration.seconds(10)

    /// Nothing is sent before the first call.
    ///
    /// - Parameter timeLimit: how long one mail may take, in whole seconds.
    package init(_ address: SMTPAddress, surroundings: Surroundings = .system, timeLimit: Duration = .seconds(60)) {
        self.address = address
        self.surroundings = surroundings
        self.timeLimit = timeLimit
    }

    /// Proves that the server is there, that TLS works and that it takes our login.
    ///
    /// - Throws: `MailerError` with a sentence for whoever starts the server; permanent where trying again does not help.
    package func connect() async throws {
        do {
            try await converse { transfer throws(CurlTransfer.Failure) in try transfer.connect() }
        } catch let failure as CurlTransfer.Failure {
            throw failure.isOfSetup ? MailerError.permanent(sentence(failure)) : .passing(sentence(failure))
        }
    }

    package func send(_ mail: Mail) async throws {
        let message = try MailMessage(mail, from: address.sender, at: surroundings.now())
        do {
            try await converse { transfer throws(CurlTransfer.Failure) in
                transfer.set(CURLOPT_MAIL_FROM, message.sender)
                try transfer.send(message.bytes, to: message.recipient)
            }
        } catch let failure as CurlTransfer.Failure {
            if failure.isUncertain { throw MailerError.uncertain(sentence(failure)) }
            throw failure.isPermanent ? MailerError.permanent(sentence(failure)) : .passing(sentence(failure))
        }
    }

    private func converse(
        _ body: @escaping @Sendable (borrowing CurlTransfer) throws(CurlTransfer.Failure) -> Void
    ) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            queue.async { [self] in
                do throws(CurlTransfer.Failure) {
                    let transfer = try CurlTransfer()
                    configure(transfer)
                    try body(transfer)
                    continuation.resume()
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    private func configure(_ transfer: borrowing CurlTransfer) {
        // The path is the name in EHLO.
        let scheme = address.security == .implicit ? "smtps" : "smtp"
        transfer.set(
            CURLOPT_URL, "\(scheme)://\(address.host):\(address.port)/\(MailAddress.domain(address.sender.address))")
        transfer.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        // What the environment says of proxies is meant for web pages.
        transfer.set(CURLOPT_PROXY, "")
        transfer.set(CURLOPT_NOSIGNAL, 1)
        transfer.set(CURLOPT_CONNECTTIMEOUT, Int(min(timeLimit, Self.longestConnecting).components.seconds))
        transfer.set(CURLOPT_TIMEOUT, Int(timeLimit.components.seconds))
        if address.security == .startTLS { transfer.set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue)) }
        transfer.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let file = address.authorityFile { transfer.set(CURLOPT_CAINFO, file) }
        if let login = address.login {
            transfer.set(CURLOPT_USERNAME, login.user)
            transfer.set(CURLOPT_PASSWORD, login.password)
        }
    }

    private func sentence(_ failure: CurlTransfer.Failure) -> String {
        switch failure.code {
        case CURLE_FAILED_INIT: failure.reason
        case CURLE_COULDNT_RESOLVE_HOST: "the mail server's host \(address.host) is not known"
        case CURLE_COULDNT_CONNECT: "cannot reach the mail server \(address): \(failure.reason)"
        case CURLE_OPERATION_TIMEDOUT: "the mail server \(address) does not answer in time"
        case CURLE_LOGIN_DENIED: "the mail server \(address) refuses the login: \(failure.reason)"
        case CURLE_USE_SSL_FAILED:
            "the mail server \(address) offers no TLS; mail goes without only with tls=none in the address"
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CONNECT_ERROR:
            "no TLS with the mail server \(address): \(failure.reason)"
        default: "the mail server \(address) did not take the mail: \(failure.reason)"
        }
    }
}
