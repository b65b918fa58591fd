import Domain
import Metering
import MockEngine
import Persistence
import Prometheus

/// What is counted of an answered request.
struct Answered {
    var status: Int
    var mockID: MockID?
    var routeID: RouteID?
    var receivedAt: Timestamp
    var endedAt: Timestamp
    /// Body bytes.
    var receivedBytes: Int
    var sentBytes: Int

    var durationMicroseconds: Int64 { max(0, endedAt.microseconds - receivedAt.microseconds) }
}

extension DataPlane {
    /// Counts an answered request and journals it.
    func record(_ reply: Reply, _ exchange: Exchange, sentBytes: Int, at now: Timestamp) {
        let answered = Answered(
            status: reply.status, mockID: reply.outcome?.mockID, routeID: reply.outcome?.routeID,
            receivedAt: exchange.receivedAt, endedAt: now, receivedBytes: exchange.receivedBytes, sentBytes: sentBytes)
        count(answered, exchange.tenant, exchange.snapshot)
        guard let snapshot = exchange.snapshot, keeps(snapshot) else { return }
        let entry = JournalWriter.entry(
            exchange, status: reply.status, outcome: reply.outcome,
            durationMicroseconds: answered.durationMicroseconds)
        snapshot.journal.append(ReadJournalEntry(entry))
    }

    /// Whether the journal of the workspace takes the next request.
    func keeps(_ snapshot: Snapshot) -> Bool {
        let share = snapshot.journalShare
        return share >= 1 || share > 0 && Double(ids.next().low >> 11) * 0x1p-53 < share
    }

    /// Counts an answered request, of either way of answering. The ledger has it where the tenant is known, without
    /// a workspace when it was refused before that was found; the journal has what a workspace answered, refused with a
    /// 401, 408 or 413 included.
    ///
    /// - Parameter route: whose request it was, where that is known by then.
    func count(_ answered: Answered, _ tenant: HostedTenant?, _ snapshot: Snapshot?, route: ServedRoute? = nil) {
        metrics.answered.add()
        guard let tenant else { return }
        let duration = answered.durationMicroseconds
        tenant.metrics.record(status: answered.status, durationMicroseconds: duration)
        tenant.bandwidth.pay(answered.receivedBytes + answered.sentBytes, at: answered.endedAt)
        let event = UsageEvent(
            at: answered.receivedAt, workspaceID: snapshot?.compiled.use { $0.id }, mockID: answered.mockID,
            routeID: answered.routeID, status: answered.status, durationMicroseconds: Int(duration),
            requestBytes: answered.receivedBytes, responseBytes: answered.sentBytes)
        tenant.usage.use { $0.count(event, by: route?.shortcut) }
    }
}
