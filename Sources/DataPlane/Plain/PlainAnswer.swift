import Domain
import HTTPTypes
import JSON
import Metering
import MockEngine
import NIOCore
import Persistence

extension DataPlane {
    /// A longer body goes to the codec, which hands it on piece by piece.
    static let maxPlainBody = 64 * 1024

    /// Answers a plain request that needs no waiting, and writes the reply to `out`.
    ///
    /// The steps are those of `admit` and `answer`, in the same order but for the rate, which comes last: until then
    /// nothing has been counted, and a request that turns out to need more goes to the codec as if it had just come.
    ///
    /// Whoever adds a check to `admit` adds it here too, or has the request go to the codec.
    ///
    /// - Returns: false when the request is for the codec. Nothing has happened then.
    func answer(_ exchange: PlainExchange, _ dates: DateBytes, into out: inout ByteBuffer) -> Bool {
        let request = exchange.request
        exchange.host.prefetch()
        guard case .tenant(let reference, let slug) = exchange.host.name, !exchange.namesWorkspace,
            request.marks.isDisjoint(with: [.unnormalisedPath, .requestID, .forwardedHost, .expect]),
            request.contentLength <= Self.maxPlainBody
        else { return false }
        guard let tenant = exchange.host.openTenant(reference, in: directory) else { return false }
        let now = surroundings.now()
        if let standing = tenant.limiter.refusal(at: now), tenant.enforcement == .enforce,
            enforcement.mode == .enforce, RateRefusals.isPlain(exchange.path)
        {
            refuse(exchange, tenant, standing, dates, at: now, into: &out)
            return true
        }
        guard tenant.bandwidth.wait(at: now) == nil,
            case .found(let snapshot) = snapshots.lookUp(slug, of: tenant, at: now),
            !snapshot.settings.requireAPIKey, request.contentLength <= tenant.bodyLimit,
            !(snapshot.crossOrigin.isEnabled && request.marks.contains(.origin))
        else { return false }

        exchange.host.note(snapshot)
        let number = ids.next()
        let workspace = snapshot.workspace
        var view: RequestView?
        let route = workspace.route(method: request.method.name, path: exchange.path) {
            let made = view ?? exchange.view(number, receivedAt: now)
            view = made
            return made
        }
        let served = route.map { snapshot.routes[$0] }
        served?.prefetch()
        if let route, let served, !served.isPrepared,
            workspace.mayDelay(route) || (scenarios != nil && workspace.isSequence(route))
        {
            return false
        }
        guard case .admitted = tenant.limiter.admit(at: now) else { return false }
        tenant.touch(now)
        dates.update(now)

        var answered = Answered(
            status: 0, mockID: nil, routeID: nil, receivedAt: now, endedAt: now, receivedBytes: request.contentLength,
            sentBytes: 0)
        var findings: PlainFindings?
        if let served, served.isPrepared, !request.marks.contains(.prefer) {
            answered.status = served.status
            answered.mockID = served.mockID
            answered.routeID = served.routeID
            answered.sentBytes = served.write(withBody: request.method != .head, dates, number, to: &out)
        } else {
            let view = view ?? exchange.view(number, receivedAt: now)
            let reply = workspace.respond(to: view, from: route, surroundings)
            findings = write(reply, to: request, dates, number, &answered, &out)
        }
        answered.endedAt = surroundings.now()
        count(answered, tenant, snapshot, route: served)
        if keeps(snapshot.settings) {
            let entry = PlainJournalEntry(
                fields: PlainJournalEntry.Fields(
                    number: number, receivedAt: now, durationMicroseconds: answered.durationMicroseconds,
                    request: request, status: answered.status, mockID: answered.mockID, routeID: answered.routeID),
                bytes: exchange.bytes)
            if let findings {
                snapshot.journal.append(FoundJournalEntry(entry, findings))
            } else {
                snapshot.journal.append(packed: entry)
            }
        }
        return true
    }

    /// Writes a reply that was made for this request, and notes what is counted of it.
    private func write(
        _ reply: MockReply, to request: PlainRequest, _ dates: DateBytes, _ number: RequestNumber,
        _ answered: inout Answered, _ out: inout ByteBuffer
    ) -> PlainFindings? {
        answered.status = reply.status
        answered.mockID = reply.mockID
        answered.routeID = reply.routeID
        let hasDate = out.writeReplyHead(status: reply.status, reply.headers, length: reply.body.count)
        out.writeReplyEnd(dates, hasDate: hasDate, number)
        if request.method != .head, ReplyBody.isSent(status: reply.status) {
            answered.sentBytes = out.writeBytes(reply.body)
        }
        return PlainFindings.of(reply)
    }

    /// Answers 429 before anything else is looked at.
    private func refuse(
        _ exchange: PlainExchange, _ tenant: HostedTenant, _ standing: RateStanding, _ dates: DateBytes,
        at now: Timestamp, into out: inout ByteBuffer
    ) {
        tenant.touch(now)
        dates.update(now)
        let request = exchange.request
        let sent = tenant.refusals.write(
            standing, path: exchange.path, hasBody: request.method != .head, dates, ids.next(), to: &out)
        count(
            Answered(
                status: 429, mockID: nil, routeID: nil, receivedAt: now, endedAt: now,
                receivedBytes: request.contentLength, sentBytes: sent), tenant, nil)
    }
}
