import Domain
import Metering
import MockEngine
import Prometheus

extension DataPlane {
    /// Counts an answered request. The ledger and the journal have what a workspace answered, refused with a 401, 408 or
    /// 413 included; a request that was refused before its workspace was known is in the metrics alone.
    func record(_ reply: Reply, _ exchange: Exchange, sentBytes: Int, at now: Timestamp) {
        metrics.answered.add()
        guard let tenant = exchange.tenant else { return }
        let duration = max(0, now.microseconds - exchange.receivedAt.microseconds)
        tenant.metrics.record(status: reply.status, durationMicroseconds: duration)
        guard let snapshot = exchange.snapshot else { return }
        tenant.usage.count(
            UsageEvent(
                at: exchange.receivedAt, workspaceID: snapshot.workspace.id, mockID: reply.outcome?.mockID,
                routeID: reply.outcome?.routeID, status: reply.status, durationMicroseconds: Int(duration),
                requestBytes: exchange.receivedBytes, responseBytes: sentBytes))
        guard snapshot.settings.journal else { return }
        journal.append(
            exchange, snapshot, tenant, status: reply.status, outcome: reply.outcome, durationMicroseconds: duration)
    }
}
