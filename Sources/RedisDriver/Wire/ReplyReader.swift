import CHiredis

/// How large a reply may be. More ends the connection.
package struct RedisReplyLimits: Sendable {
    /// Bytes of one reply with everything in it.
    package var bytes = 64 * 1024 * 1024
    /// Elements of one array.
    package var elements = 1_000_000

    package init() {}
}

/// hiredis's protocol parser. Bytes go in, whole replies come out; replies nest at most seven deep.
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let state: Unmanaged<ReaderState>
    private let limits: RedisReplyLimits
    /// Fed since the last whole reply.
    private var pending = 0

    init(limits: RedisReplyLimits) {
        self.limits = limits
        state = .passRetained(ReaderState(maxElements: limits.elements))
        functions = .allocate(capacity: 1)
        functions.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, text, length in
                    ReaderState.make(
                        task,
                        as: { type in
                            let bytes = [UInt8](UnsafeRawBufferPointer(start: text, count: length))
                            return switch type {
                            case REDIS_REPLY_STATUS: .status(String(decoding: bytes, as: UTF8.self))
                            case REDIS_REPLY_ERROR: .error(String(decoding: bytes, as: UTF8.self))
                            default: .bytes(bytes)
                            }
                        })
                },
                createArray: { task, count in ReaderState.makeArray(task, count: Int(count)) },
                createInteger: { task, value in ReaderState.make(task, as: { _ in .integer(Int(value)) }) },
                createNil: { task in ReaderState.make(task, as: { _ in .null }) },
                freeObject: { object in object.map { Unmanaged<ReplyNode>.fromOpaque($0).release() } }))
        guard let reader = redisReaderCreateWithFunctions(functions) else {
            preconditionFailure("no memory for a reply reader")
        }
        reader.pointee.privdata = state.toOpaque()
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
        state.release()
    }

    /// Takes what came from the server.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        pending += bytes.count
        guard redisReaderFeed(reader, base.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK else {
            throw failure
        }
    }

    /// The next whole reply; nil when more bytes are needed.
    mutating func next() throws(RedisError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw failure }
        guard let object else {
            guard pending <= limits.bytes else {
                throw .malformed("a reply of Redis is larger than \(limits.bytes) bytes")
            }
            return nil
        }
        pending = reader.pointee.len - reader.pointee.pos
        return Unmanaged<ReplyNode>.fromOpaque(object).takeRetainedValue().reply
    }

    private var failure: RedisError {
        let message = withUnsafeBytes(of: &reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .malformed("Redis sent what cannot be read: \(message)")
    }
}

/// What the C callbacks know of their reader.
private final class ReaderState {
    let maxElements: Int

    init(maxElements: Int) { self.maxElements = maxElements }

    /// Puts a value under its parent, who owns it; the caller owns what has no parent.
    static func make(
        _ task: UnsafePointer<redisReadTask>?, as value: (Int32) -> RedisReply
    ) -> UnsafeMutableRawPointer? {
        guard let task else { return nil }
        let node = ReplyNode(value(task.pointee.type))
        guard let parent = task.pointee.parent?.pointee.obj else { return Unmanaged.passRetained(node).toOpaque() }
        Unmanaged<ReplyNode>.fromOpaque(parent).takeUnretainedValue().children.append(node)
        return Unmanaged.passUnretained(node).toOpaque()
    }

    /// Nil, which ends the connection, for an array that is too long.
    static func makeArray(_ task: UnsafePointer<redisReadTask>?, count: Int) -> UnsafeMutableRawPointer? {
        guard let task, let state = task.pointee.privdata,
            count <= Unmanaged<ReaderState>.fromOpaque(state).takeUnretainedValue().maxElements
        else { return nil }
        return make(task, as: { _ in .array([]) })
    }
}

private final class ReplyNode {
    private let value: RedisReply
    var children: [ReplyNode] = []

    init(_ value: RedisReply) { self.value = value }

    var reply: RedisReply {
        if case .array = value { .array(children.map(\.reply)) } else { value }
    }
}
