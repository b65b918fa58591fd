/// Has work that nobody waits for leave requests the time: after each piece of it comes a pause of so many times its length.
package struct BackgroundPace: Sendable {
    /// A piece that had to wait, for a database that was away perhaps, must not hold up the others for much longer.
    package static let longestPause = Duration.seconds(30)

    private let factor: Int

    package init(pausing factor: Int) { self.factor = factor }

    package func pause(after taken: Duration) -> Duration { min(taken * factor, Self.longestPause) }

    /// Waits after a piece that began at `start`; not at all once the task is cancelled.
    package func rest(since start: ContinuousClock.Instant) async {
        try? await Task.sleep(for: pause(after: ContinuousClock.now - start))
    }
}
