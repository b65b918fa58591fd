package import Domain
import Synchronization

/// Where each route with a `sequence` of responses stands. Lives longer than a compiled workspace, so that editing one
/// route does not set the others back.
package final class SequencePositions: Sendable {
    private let positions = Mutex<[RouteID: Int]>([:])

    package init() {}

    /// The next position of a route: 0, 1, … `count` − 1, then 0 again.
    package func next(_ route: RouteID, count: Int) -> Int {
        positions.withLock { positions in
            let position = positions[route, default: 0] % count
            positions[route] = position + 1
            return position
        }
    }
}
