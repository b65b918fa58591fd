import Domain
import Persistence

/// A store's answer that is no success.
struct S3Refusal: Error, Sendable {
    let status: Int
    /// Such as `NoSuchKey`; empty where the answer had no body.
    let code: String
    let message: String
    /// Where the bucket really is, if the answer tells.
    let region: String?

    init(status: Int, body: [UInt8]) {
        self.status = status
        let root = try? XMLReader.read(body)
        code = root?.text(of: "Code") ?? ""
        message = root?.text(of: "Message") ?? ""
        region = root?.text(of: "Region")
    }

    var isMissingObject: Bool { code == "NoSuchKey" || (status == 404 && code.isEmpty) }
    var isMissingBucket: Bool { code == "NoSuchBucket" }
    var isMissingUpload: Bool { code == "NoSuchUpload" }

    /// Whether the same request may succeed soon.
    var isPassing: Bool {
        switch status {
        case 408, 429, 500, 502, 503, 504: true
        default: code == "RequestTimeout" || code == "SlowDown" || code == "InternalError"
        }
    }

    /// - Parameter clockDifference: how far the store's clock is ahead of ours.
    func error(at address: S3Address, clockDifference: Duration?) -> ObjectStoreError {
        let key = "the access key \"\(address.credentials.accessKey)\""
        switch code {
        case "NoSuchBucket":
            return .refused(
                "\(address.place) does not exist; make it, or add create_bucket=true to have it made at the start")
        case "InvalidAccessKeyId": return .refused("\(address.place) does not know \(key)")
        case "SignatureDoesNotMatch": return .refused("\(address.place) refuses the secret that belongs to \(key)")
        case "AccessDenied", "AllAccessDisabled", "AccountProblem":
            return .refused("\(address.place) does not let \(key) do this: \(message)")
        case "ExpiredToken", "InvalidToken": return .refused("\(address.place) refuses the session token: \(message)")
        case "RequestTimeTooSkewed":
            let seconds = clockDifference.map { "by \(abs($0.components.seconds)) s " } ?? ""
            return .refused("the clock of \(address.place) differs \(seconds)from this machine's; set them right")
        case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint":
            let advice = region.map { "region=\($0)" } ?? "region and endpoint"
            return .refused("\(address.place) is in another region; set \(advice) in the address")
        default:
            let answer = [String(status), code, message].filter { !$0.isEmpty }.joined(separator: " ")
            let sentence = "\(address.place) answered \(answer)"
            return isPassing || status == 507 ? .unavailable(sentence) : .refused(sentence)
        }
    }
}
