/// Why a command has no reply.
package enum RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no connection, or it was lost before the reply came: the command may have run or not.
    case unavailable(String)
    /// The reply did not come in time.
    case timedOut
    /// Too many commands wait for replies; this one was not sent.
    case overloaded
    /// The server answered with an error; its own words.
    case refused(String)
    /// What came is not a reply, or larger than allowed.
    case malformed(String)

    package var description: String {
        switch self {
        case .unavailable(let sentence), .refused(let sentence), .malformed(let sentence): sentence
        case .timedOut: "Redis did not answer in time"
        case .overloaded: "too many commands wait for Redis"
        }
    }
}
