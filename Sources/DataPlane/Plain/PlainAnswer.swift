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
        guard !exchange.namesWorkspace,
            request.marks.isDisjoint(with: [.unnormalisedPath, .requestID, .forwardedHost, .expect]),
            request.contentLength <= Self.maxPlainBody
        else { return false }
        exchange.host.prefetch(exchange.path)
        guard let tenant = exchange.host.openTenant(in: directory) else { return false }
        return tenant._withUnsafeGuaranteedRef { answer(exchange, of: $0, dates, into: &out) }
    }

    private func answer(
        _ exchange: PlainExchange, of tenant: HostedTenant, _ dates: DateBytes, into out: inout ByteBuffer
    ) -> Bool {
        let request = exchange.request
        let now = surroundings.now()
        if let standing = tenant.limiter.use({ $0.refusal(at: now) }), tenant.enforcement == .enforce,
            enforcement.mode == .enforce, RateRefusals.isPlain(exchange.path)
        {
            refuse(exchange, tenant, standing, dates, at: now, into: &out)
            return true
        }
        guard tenant.bandwidth.wait(at: now) == nil,
            case .found(let snapshot) = snapshots.lookUp(exchange.host.workspace, of: tenant, at: now),
            !snapshot.asksWho.key, request.contentLength <= tenant.bodyLimit,
            !(snapshot.asksWho.origin && request.marks.contains(.origin))
        else { return false }
        // When it is over, so that the journal tells where the next one goes.
        defer { exchange.host.note(snapshot, of: tenant) }
        return answer(exchange, of: tenant, from: snapshot, dates, at: now, into: &out)
    }

    private func answer(
        _ exchange: PlainExchange, of tenant: HostedTenant, from snapshot: Snapshot, _ dates: DateBytes,
        at now: Timestamp, into out: inout ByteBuffer
    ) -> Bool {
        let request = exchange.request
        let number = ids.next()
        var view: RequestView?
        let route = snapshot.compiled.use { workspace in
            workspace.route(
                method: request.method.name, path: exchange.path, nears: { snapshot.routes.bringNear($0) }
            ) {
                let made = view ?? exchange.view(number, receivedAt: now)
                view = made
                return made
            }
        }
        let served = route.map { snapshot.routes[$0.place] }
        served?.prefetch()
        let prepared = served?.reply
        if let route, prepared == nil, mayWait(route.number, of: snapshot) { return false }
        guard case .admitted = tenant.limiter.use({ $0.admit(at: now) }) else { return false }
        tenant.touch(now)
        dates.update(now)

        var answered = Answered(
            status: 0, mockID: nil, routeID: nil, receivedAt: now, endedAt: now, receivedBytes: request.contentLength,
            sentBytes: 0)
        var findings: PlainFindings?
        if let prepared, !request.marks.contains(.prefer) {
            answered.status = prepared.status
            answered.mockID = prepared.mockID
            answered.routeID = prepared.routeID
            answered.sentBytes = prepared.write(withBody: request.method != .head, dates, number, to: &out)
        } else {
            let view = view ?? exchange.view(number, receivedAt: now)
            let reply = snapshot.compiled.use { $0.respond(to: view, from: route?.number, surroundings) }
            findings = write(reply, to: request, dates, number, &answered, &out)
        }
        answered.endedAt = surroundings.now()
        count(answered, tenant, snapshot, route: served)
        if keeps(snapshot) {
            let entry = PlainJournalEntry(
                fields: PlainJournalEntry.Fields(answered, request, number), bytes: exchange.bytes)
            if let findings {
                snapshot.journal.append(FoundJournalEntry(entry, findings))
            } else {
                snapshot.journal.append(packed: entry)
            }
        }
        return true
    }

    /// Whether a reply of the route may have to wait: for its delay, or to be told by others whose turn it is.
    private func mayWait(_ route: Int, of snapshot: Snapshot) -> Bool {
        snapshot.compiled.use { $0.mayDelay(route) || (scenarios != nil && $0.isSequence(route)) }
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
