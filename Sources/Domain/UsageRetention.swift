/// How long a tenant's usage is kept, in days: minutes for looking closely at what happened lately, hours, and days. What is
/// wider is kept at least as long as what is narrower.
package struct UsageRetention: Sendable, Hashable {
    package var minutes: Int
    package var hours: Int
    package var days: Int

    package init(minutes: Int = 7, hours: Int = 90, days: Int = 400) {
        self.minutes = minutes
        self.hours = hours
        self.days = days
    }
}
