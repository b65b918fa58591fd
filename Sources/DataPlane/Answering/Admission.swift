import Domain
import HTTPTypes
import Logging
import Metering
import MockEngine
import NIOCore
import Persistence

/// What has to be waited for before a request can be let further in.
enum PendingLookup: Sendable {
    case tenant(TenantReference)
    /// A part of the tenant's quota, which several nodes share.
    case lease(HostedTenant)
    case snapshot(slug: String?, HostedTenant)
    case key(secret: String, HostedTenant)
    /// Which of a route's responses is next.
    case turn(RouteID, count: Int, TenantID)
}

/// What the wait brought.
enum LookupResult: Sendable {
    case tenant(HostedTenant?)
    /// The rate can be decided now.
    case lease
    case snapshot(Snapshot?)
    case key(isValid: Bool)
    /// Nil when the nodes cannot agree now: this node's own count decides.
    case turn(Int?)
    /// The lookup itself failed.
    case failure(Problem)
}

/// How far a request got.
enum Admission {
    /// Its body may be read.
    case open
    case waits(PendingLookup)
    case refused(Problem)
}

extension Exchange {
    /// The checks in their order; each is passed once.
    enum Gate: Int, Comparable {
        case tenant, rate, workspace, key, length, open

        static func < (left: Gate, right: Gate) -> Bool { left.rawValue < right.rawValue }
    }
}

extension DataPlane {
    /// Lets a request through as many checks as need no waiting: tenant, status, rate, workspace, key, announced length.
    func admit(_ exchange: Exchange, at now: Timestamp) -> Admission {
        guard let address = exchange.address else { return .refused(Refusals.unknownAddress) }
        while true {
            switch exchange.gate {
            case .tenant:
                if exchange.tenant == nil {
                    switch directory.lookUp(address.tenant, at: now) {
                    case .found(let tenant): exchange.tenant = tenant
                    case .absent: return .refused(Refusals.unknownAddress)
                    case .unknown: return .waits(.tenant(address.tenant))
                    }
                }
                guard let tenant = exchange.tenant else { return .refused(Refusals.unknownAddress) }
                switch tenant.currentAccess {
                case .open: break
                case .suspended: return .refused(Refusals.suspended)
                case .unknown:
                    exchange.tenant = nil
                    return .waits(.tenant(address.tenant))
                }
                tenant.touch(now)
                exchange.gate = .rate
            case .rate:
                guard let tenant = exchange.tenant else { return .refused(Refusals.unknownAddress) }
                // After a wait the moment of arrival is too old to be judged by.
                let moment = exchange.hasWaited ? surroundings.now() : now
                switch tenant.limiter.use({ $0.admit(at: moment) }) {
                case .admitted: break
                case .denied(let standing):
                    guard letsPass(.maxRequestsPerMinute, exchange, tenant) else {
                        return .refused(Problem.rateLimited(standing))
                    }
                case .undecided: return .waits(.lease(tenant))
                }
                if let seconds = tenant.bandwidth.wait(at: moment),
                    !letsPass(.maxBandwidthKbps, exchange, tenant)
                {
                    return .refused(Refusals.bandwidthExceeded(limit: tenant.bandwidth.limit ?? 0, wait: seconds))
                }
                if exchange.mayHaveBody, let refusal = takePlace(exchange, tenant) { return .refused(refusal) }
                exchange.gate = .workspace
            case .workspace:
                guard let tenant = exchange.tenant else { return .refused(Refusals.unknownAddress) }
                if exchange.snapshot == nil {
                    switch snapshots.lookUp(address.workspace, of: tenant, at: now) {
                    case .found(let snapshot): exchange.snapshot = snapshot
                    case .absent: return .refused(Refusals.unknownAddress)
                    case .unknown: return .waits(.snapshot(slug: address.workspace, tenant))
                    }
                }
                exchange.gate = .key
            case .key:
                guard let tenant = exchange.tenant, let snapshot = exchange.snapshot else {
                    return .refused(Refusals.unknownAddress)
                }
                // A browser sends a preflight without credentials.
                let isFree = snapshot.crossOrigin.isEnabled && CrossOrigin.isPreflight(exchange.head)
                if snapshot.settings.requireAPIKey, !isFree, !exchange.isKeyVerified {
                    guard let secret = exchange.keySecret else { return .refused(Refusals.keyRequired) }
                    guard tenant.verifiedKeys.contains(VerifiedKeys.digest(secret), at: now.microseconds) else {
                        return .waits(.key(secret: secret, tenant))
                    }
                }
                exchange.gate = .length
            case .length:
                guard let tenant = exchange.tenant else { return .refused(Refusals.unknownAddress) }
                if let length = exchange.contentLength, length > tenant.bodyLimit {
                    return .refused(Refusals.bodyTooLarge(limit: tenant.bodyLimit))
                }
                exchange.gate = .open
            case .open:
                return .open
            }
        }
    }

    /// Takes a place for a request that does not end at once; a refusal when there is none.
    func takePlace(_ exchange: Exchange, _ tenant: HostedTenant) -> Problem? {
        guard exchange.place == nil else { return nil }
        exchange.place = tenant.places.take()
        if exchange.place != nil { return nil }
        guard letsPass(.maxConcurrentRequests, exchange, tenant) else {
            return Refusals.tooManyConcurrent(limit: tenant.places.most ?? 0)
        }
        exchange.place = tenant.places.take(isForced: true)
        return nil
    }

    /// Whether a request over a limit passes all the same: it is counted, and its reply names the limit.
    private func letsPass(_ key: QuotaKey, _ exchange: Exchange, _ tenant: HostedTenant) -> Bool {
        guard enforcement.letsPass(key, plan: tenant.enforcement) else { return false }
        exchange.passedOver.append(key)
        return true
    }

    /// How often, and after which pause, a lookup is done again when the database did not answer: for longer than a driver
    /// waits before it tries a lost server again.
    private static let retries = (count: 6, pause: Duration.milliseconds(500))

    /// Does the waiting, off the event loop.
    ///
    /// A change that another node announces just after the database has come back throws away what answered requests all
    /// the while it was gone. This node may not have found the database again yet, so the requests wait until it has.
    func perform(_ lookup: PendingLookup) async -> LookupResult {
        var retriesLeft = isServed(lookup) ? Self.retries.count : 0
        while true {
            do { return try await result(of: lookup) } catch {
                if case DatabaseError.unavailable = error, retriesLeft > 0 {
                    retriesLeft -= 1
                    try? await Task.sleep(for: Self.retries.pause)
                    continue
                }
                logger.error("a mock request could not be looked up", metadata: ["error": "\(error)"])
                if case DatabaseError.schemaVersion = error { return .failure(Refusals.schemaVersion) }
                return .failure(Refusals.unavailable)
            }
        }
    }

    /// Whether the tenant has been served by this node, so that its requests are worth waiting for.
    private func isServed(_ lookup: PendingLookup) -> Bool {
        switch lookup {
        case .tenant(let reference): directory.holds(reference)
        case .snapshot: true
        case .lease, .key, .turn: false
        }
    }

    private func result(of lookup: PendingLookup) async throws -> LookupResult {
        switch lookup {
        case .tenant(let reference): return .tenant(try await directory.load(reference))
        case .lease(let tenant):
            await limiters.lease(tenant.limiter.reference)
            return .lease
        case .snapshot(let slug, let tenant): return .snapshot(try await snapshots.load(slug, of: tenant))
        case .key(let secret, let tenant):
            let generation = tenant.verifiedKeys.generation
            let isValid = await verifyKey(secret, tenant.id)
            if isValid {
                tenant.verifiedKeys.insert(
                    VerifiedKeys.digest(secret), at: surroundings.now().microseconds, generation: generation)
            }
            return .key(isValid: isValid)
        case .turn(let route, let count, let tenant):
            return .turn(await scenarios?.next(route, count: count, tenant: tenant))
        }
    }

    /// Notes what the wait brought; a refusal when it brought nothing.
    func note(_ result: LookupResult, in exchange: Exchange) -> Problem? {
        exchange.hasWaited = true
        switch result {
        case .tenant(let tenant):
            guard let tenant else { return Refusals.unknownAddress }
            exchange.tenant = tenant
        case .lease: break
        case .snapshot(let snapshot):
            guard let snapshot else { return Refusals.unknownAddress }
            exchange.snapshot = snapshot
        case .key(let isValid):
            guard isValid else { return Refusals.keyRequired }
            exchange.isKeyVerified = true
        case .turn(let position):
            exchange.position = position
            exchange.hasAskedForTurn = true
        case .failure(let problem):
            return problem
        }
        return nil
    }
}

extension Exchange {
    /// The API key that the client sent: `X-Api-Key`, or a bearer token.
    var keySecret: String? {
        if let key = head.headerFields[.apiKey] { return key }
        guard let authorization = head.headerFields[.authorization],
            authorization.prefix(7).lowercased() == "bearer "
        else { return nil }
        return String(authorization.dropFirst(7).drop { $0 == " " })
    }
}
