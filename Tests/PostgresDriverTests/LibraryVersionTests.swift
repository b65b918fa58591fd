import PostgresDriver
import Testing

@Suite struct LibraryVersionTests {
    @Test func `the C library is there`() {
        #expect("\(LibraryVersion.current)".contains { $0.isNumber })
    }
}
