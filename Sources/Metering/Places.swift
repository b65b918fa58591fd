import Synchronization

/// How many requests of one tenant may be in progress on this node at one time: those whose body is being read, whose mock
/// waits before it answers, or whose quota is being asked for.
package final class Places: Sendable {
    private let limit: Atomic<Int>
    private let taken = Atomic<Int>(0)

    /// - Parameter limit: nil for unlimited.
    package init(limit: Int? = nil) { self.limit = Atomic(limit ?? .max) }

    package func setLimit(_ limit: Int?) { self.limit.store(limit ?? .max, ordering: .relaxed) }

    /// The most that may be taken; nil when unlimited.
    package var most: Int? {
        let limit = limit.load(ordering: .relaxed)
        return limit == .max ? nil : limit
    }

    package var used: Int { taken.load(ordering: .relaxed) }

    /// A place until it is let go; nil when all are taken.
    ///
    /// - Parameter isForced: takes one beyond the limit.
    package func take(isForced: Bool = false) -> Place? {
        let count = taken.add(1, ordering: .relaxed).newValue
        guard isForced || count <= limit.load(ordering: .relaxed) else {
            taken.subtract(1, ordering: .relaxed)
            return nil
        }
        return Place(self)
    }

    /// Given back when nobody holds it any more, however the request ended.
    package final class Place: Sendable {
        private let places: Places

        fileprivate init(_ places: Places) { self.places = places }

        deinit { places.taken.subtract(1, ordering: .relaxed) }
    }
}
