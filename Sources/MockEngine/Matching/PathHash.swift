/// What finds a node of a trie: a hash of the way from the root to it. It is known from a request's path alone, so that the
/// nodes of a whole way can be fetched at once and not one after the other.
struct PathHash {
    static let root = PathHash(value: 0)

    private let value: UInt64

    /// Of the node that a literal segment leads to.
    func literal(_ key: SegmentKey) -> PathHash { then(key.hash) }

    /// Of the node that a segment of another kind leads to.
    func mixed(shape: Int) -> PathHash { then(UInt64(truncatingIfNeeded: shape) + 2) }
    var parameter: PathHash { then(0) }
    var wildcard: PathHash { then(1) }

    private func then(_ step: UInt64) -> PathHash {
        PathHash(value: UInt64(bitPattern: Int64(SeededHash.value(of: value ^ step))))
    }

    /// Where looking for the node begins among `count` places.
    func place(of count: Int) -> Int { Int(value.multipliedFullWidth(by: UInt64(count)).high) }
}
