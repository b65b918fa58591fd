import Domain
import JSON

/// A route made ready to answer. A class, as are its responses: a copy would count references to each of their parts.
final class CompiledRoute: Sendable {
    let id: RouteID
    let mockID: MockID
    let name: String
    /// Nil when every request on the path is taken.
    let match: CompiledMatch?
    let responses: [CompiledResponse]
    let selection: Selection
    /// Whether the responses take turns.
    let isSequence: Bool
    /// Whether some response has a delay.
    let mayDelay: Bool
    /// What the imported description asks of requests; nil for a hand-made route.
    let contract: RequestContract?
    let nearMissCandidate: NearMissFinder.Candidate

    init(
        _ definition: RouteDefinition, mock: MockDefinition, pattern: RoutePattern, schemas: SchemaSet?
    ) throws {
        id = definition.id
        mockID = mock.id
        name = definition.name
        match = definition.match.isEmpty ? nil : try CompiledMatch(definition.match)
        responses = try definition.responses.map {
            try CompiledResponse($0, mock: mock.id, route: definition.id, schemas: schemas, assets: mock.assets)
        }
        selection = definition.selection
        isSequence = selection == .sequence && responses.count > 1
        mayDelay = responses.contains { $0.delayMilliseconds > 0 }
        nearMissCandidate = NearMissFinder.Candidate(
            id: definition.id, name: definition.name, methods: definition.methods, pattern: pattern, match: match)
        if let operation = definition.operation, let document = mock.document, let schemas {
            contract = RequestContract(document: document, operation: operation, schemas: schemas)
        } else {
            contract = nil
        }
    }

    /// Bytes in memory, roughly.
    var approximateSize: Int { 1024 + responses.reduce(0) { $0 + $1.approximateSize } }

    /// How many responses take turns for a request; nil when its response does not depend on the turn.
    func turns(for view: RequestView, preference: Preference) -> Int? {
        guard isSequence, preference.isEmpty || !responses.contains(where: { preference.isSatisfied(by: $0) }) else {
            return nil
        }
        let count = responses.count { $0.when?.matches(view) ?? true }
        return count > 1 ? count : nil
    }

    /// The response for a request: what `Prefer` names, else by the route's selection among those whose `when` holds.
    /// Nil when none holds.
    func choose(
        for view: RequestView, preference: Preference, position: Int?, sequences: SequencePositions,
        _ surroundings: Surroundings
    ) -> CompiledResponse? {
        if !preference.isEmpty, let preferred = responses.first(where: { preference.isSatisfied(by: $0) }) {
            return preferred
        }
        if selection == .firstMatch { return responses.first { $0.when?.matches(view) ?? true } }
        let candidates = responses.filter { $0.when?.matches(view) ?? true }
        if candidates.count < 2 { return candidates.first }
        var random = surroundings.generator
        switch selection {
        case .firstMatch: return candidates[0]
        case .sequence:
            return candidates[position.map { $0 % candidates.count } ?? sequences.next(id, count: candidates.count)]
        case .random: return candidates.randomElement(using: &random)
        case .weighted:
            let total = candidates.reduce(0) { $0 + $1.weight }
            guard total > 0 else { return candidates[0] }
            var ticket = Int.random(in: 0..<total, using: &random)
            for candidate in candidates {
                ticket -= candidate.weight
                if ticket < 0 { return candidate }
            }
            return candidates[candidates.count - 1]
        }
    }
}
