import Testing

@testable import App

@Suite struct EventLoopsTests {
    @Test(arguments: [("3", 2), ("1", 1), ("ff,00000001", 9), ("f0", 4)])
    func `the cores of a mask are counted`(mask: String, count: Int) {
        #expect(EventLoops.usableCores("Name:\tx\nCpus_allowed:\t\(mask)\nCpus_allowed_list:\t0-1\n") == count)
    }

    @Test func `without a mask nothing is known`() {
        #expect(EventLoops.usableCores("Name:\tx\n") == nil)
    }
}
