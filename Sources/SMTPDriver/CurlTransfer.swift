import CCurl

/// One conversation with a mail server, from the connection to its end. Blocks.
struct CurlTransfer: ~Copyable {
    /// How it ended, when not well.
    struct Failure: Error {
        let code: CURLcode
        /// The last answer of the server, or 0.
        let answer: Int
        /// libcurl's words.
        let reason: String

        /// Whether the message was handed over whole before it ended.
        var wasSent = false

        /// Whether the server may have taken the mail: all of it was handed over, and no refusal came.
        var isUncertain: Bool { wasSent && !(400..<600).contains(answer) }

        /// Whether the cause is in the address or in what is installed: no time heals it.
        var isOfSetup: Bool {
            let causes = [
                CURLE_FAILED_INIT, CURLE_LOGIN_DENIED, CURLE_USE_SSL_FAILED, CURLE_PEER_FAILED_VERIFICATION,
                CURLE_SSL_CACERT_BADFILE,
            ]
            return causes.contains(code)
        }

        /// Whether the server refused the mail itself, in words that mean "never". A server that refuses to talk at all may
        /// talk tomorrow.
        var isPermanent: Bool { (500..<600).contains(answer) && (wasSent || code == CURLE_SEND_ERROR) }
    }

    private let handle: UnsafeMutableRawPointer

    /// Fails without libcurl, or without memory for it.
    init() throws(Failure) {
        if let problem = mockforge_load_curl() {
            throw Failure(
                code: CURLE_FAILED_INIT, answer: 0,
                reason: "SMTP needs libcurl, which is not installed (on Debian, libcurl4): \(String(cString: problem))")
        }
        guard let handle = mockforge_curl_init() else {
            throw Failure(code: CURLE_OUT_OF_MEMORY, answer: 0, reason: "out of memory")
        }
        self.handle = handle
    }

    deinit { mockforge_curl_cleanup(handle) }

    func set(_ option: CURLoption, _ value: Int) { _ = mockforge_curl_set_long(handle, option, value) }

    /// The library keeps a copy.
    func set(_ option: CURLoption, _ value: String) { _ = mockforge_curl_set_text(handle, option, value) }

    /// Connects, says hello, starts TLS and logs in, and leaves it at that.
    func connect() throws(Failure) {
        set(CURLOPT_CONNECT_ONLY, 1)
        try perform()
    }

    /// Hands over one message.
    func send(_ bytes: [UInt8], to recipient: String) throws(Failure) {
        let recipients = mockforge_curl_list_append(nil, recipient)
        defer { mockforge_curl_list_free(recipients) }
        guard recipients != nil else { throw Failure(code: CURLE_OUT_OF_MEMORY, answer: 0, reason: "out of memory") }
        _ = mockforge_curl_set_pointer(handle, CURLOPT_MAIL_RCPT, recipients)
        set(CURLOPT_UPLOAD, 1)
        set(CURLOPT_INFILESIZE, bytes.count)
        var source = Source(bytes: bytes)
        let result = withUnsafeMutablePointer(to: &source) { source -> Result<Void, Failure> in
            _ = mockforge_curl_set_pointer(handle, CURLOPT_READDATA, source)
            _ = mockforge_curl_set_reader(handle) { buffer, size, count, source in
                guard let buffer, let source else { return 0 }
                return source.assumingMemoryBound(to: Source.self).pointee.read(into: buffer, size * count)
            }
            do throws(Failure) { return .success(try perform()) } catch { return .failure(error) }
        }
        do throws(Failure) {
            try result.get()
        } catch {
            var failure = error
            failure.wasSent = source.offset == bytes.count
            throw failure
        }
    }

    private struct Source {
        let bytes: [UInt8]
        var offset = 0

        mutating func read(into buffer: UnsafeMutablePointer<CChar>, _ limit: Int) -> Int {
            let count = min(limit, bytes.count - offset)
            bytes.withUnsafeBytes {
                UnsafeMutableRawPointer(buffer).copyMemory(from: $0.baseAddress! + offset, byteCount: count)
            }
            offset += count
            return count
        }
    }

    private func perform() throws(Failure) {
        var words = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = words.withUnsafeMutableBufferPointer { buffer in
            _ = mockforge_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, buffer.baseAddress)
            let code = mockforge_curl_perform(handle)
            _ = mockforge_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, nil)
            return code
        }
        guard code != CURLE_OK else { return }
        var answer = 0
        _ = mockforge_curl_response_code(handle, &answer)
        let text = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        throw Failure(
            code: code, answer: answer, reason: text.isEmpty ? String(cString: mockforge_curl_error(code)) : text)
    }
}
