/// A request that is complete up to the end of its head, plain and unambiguous: two readers of HTTP, however lenient,
/// cannot disagree on what it asks or where it ends. Ranges count from the first byte that the recogniser was given.
///
/// Whoever widens what is recognised extends `RecogniserTests`, which hold it against the codec. When in doubt a request
/// is unusual: the codec answers those, only slower.
package struct PlainRequest: BitwiseCopyable, Equatable, Sendable {
    /// The methods that are recognised.
    package enum Method: UInt8, BitwiseCopyable, Sendable {
        case get, head, post, put, patch, delete

        package var name: String {
            switch self {
            case .get: "GET"
            case .head: "HEAD"
            case .post: "POST"
            case .put: "PUT"
            case .patch: "PATCH"
            case .delete: "DELETE"
            }
        }
    }

    /// What stands in the head that an answer may depend on beyond method, host, path and query.
    package struct Marks: OptionSet, BitwiseCopyable, Sendable {
        package let rawValue: UInt16

        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// The path is not in the normal form of `RequestPath`.
        package static let unnormalisedPath = Marks(rawValue: 1 << 0)
        /// Also the other headers by which a browser asks for permission.
        package static let origin = Marks(rawValue: 1 << 1)
        package static let requestID = Marks(rawValue: 1 << 2)
        package static let forwardedHost = Marks(rawValue: 1 << 3)
        package static let expect = Marks(rawValue: 1 << 4)
        package static let prefer = Marks(rawValue: 1 << 5)
    }

    package let method: Method
    package let marks: Marks
    private let pathPlace: Place
    private let queryPlace: Place
    private let hostPlace: Place
    private let headersPlace: Place
    private let headEnd: UInt16
    private let bodyLength: UInt32

    /// A range within a head, in four bytes: the journal keeps thousands of these requests.
    private struct Place: Equatable {
        static let none = Place(0..<0)

        let start: UInt16
        let end: UInt16

        init(_ range: Range<Int>) {
            start = UInt16(range.lowerBound)
            end = UInt16(range.upperBound)
        }

        var range: Range<Int> { Int(start)..<Int(end) }
    }

    /// The longest head whose places can be told.
    static let maxHeadLength = Int(UInt16.max)

    init(
        method: Method, path: Range<Int>, query: Range<Int>?, host: Range<Int>, marks: Marks, headers: Range<Int>,
        headLength: Int, contentLength: Int
    ) {
        self.method = method
        self.marks = marks
        pathPlace = Place(path)
        queryPlace = query.map(Place.init) ?? .none
        hostPlace = Place(host)
        headersPlace = Place(headers)
        headEnd = UInt16(headLength)
        bodyLength = UInt32(contentLength)
    }

    /// Without the query.
    package var path: Range<Int> { pathPlace.range }
    /// What stands after `?`; nil without one.
    package var query: Range<Int>? { queryPlace == .none ? nil : queryPlace.range }
    package var host: Range<Int> { hostPlace.range }
    /// From the first header's name to the line end of the last.
    package var headers: Range<Int> { headersPlace.range }
    /// Where the head ends and the body begins.
    package var headLength: Int { Int(headEnd) }
    package var contentLength: Int { Int(bodyLength) }

    /// Where the request ends.
    package var length: Int { headLength + contentLength }
}

/// What one look at the front of a connection's unread bytes says.
package enum Recognition: Equatable, Sendable {
    /// The head is not whole yet, and so far nothing is wrong with it.
    case incomplete
    case plain(PlainRequest)
    /// For the codec, with everything that follows.
    case unusual
}
