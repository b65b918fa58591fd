/// Values without references that begin at a cache line, so that a value as large as a line, or as half of one, is in one
/// line only. Whoever makes it deallocates it; in between it is only read, hence `@unchecked Sendable`.
struct LineArray<Element: BitwiseCopyable>: @unchecked Sendable {
    private let start: UnsafeMutablePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        count = elements.count
        start = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count * MemoryLayout<Element>.stride), alignment: 64
        ).bindMemory(to: Element.self, capacity: count)
        start.initialize(from: elements, count: count)
    }

    func address(of index: Int) -> UnsafeRawPointer { UnsafeRawPointer(start + index) }

    func deallocate() { UnsafeMutableRawPointer(start).deallocate() }

    subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count, "an element is within its array")
        return start[index]
    }
}
