import Synchronization

/// Keeps the number of values of a label bounded: the first `limit` values are shown as they are, later ones as `other`.
///
/// One bound is shared by all families with the same label, so that a value is shown in all of them or in none.
package final class LabelBound: Sendable {
    package static let overflow = "other"

    package let limit: Int
    private let admitted = Mutex<Set<String>>([])

    package init(limit: Int) { self.limit = limit }

    /// `value` itself, or `other` when the limit is used up.
    package func admit(_ value: String) -> String {
        admitted.withLock { admitted in
            if admitted.contains(value) { return value }
            guard admitted.count < limit else { return Self.overflow }
            admitted.insert(value)
            return value
        }
    }

    /// Gives the value's place free. The caller removes its series from the families.
    package func release(_ value: String) {
        admitted.withLock { _ = $0.remove(value) }
    }
}
