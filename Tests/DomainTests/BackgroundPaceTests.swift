import Domain
import Testing

@Suite struct BackgroundPaceTests {
    @Test func `a pause is so many times as long as the work, but never longer than its bound`() {
        let pace = BackgroundPace(pausing: 49)
        #expect(pace.pause(after: .milliseconds(10)) == .milliseconds(490))
        #expect(pace.pause(after: .seconds(30)) == BackgroundPace.longestPause)
    }
}
