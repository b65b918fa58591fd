import Domain
import JSON

/// Turns the responses of an operation into those of a route.
struct ResponseImporter {
    /// A status with the place of its response.
    private struct Entry {
        let status: Int
        let pointer: JSONPointer
        /// Lower comes first.
        let rank: Int
    }

    /// Statuses whose replies have no body, whatever the description says.
    private static let bodiless: Set<Int> = [204, 205, 304]

    let references: ReferenceResolver
    let schemas: SchemaSet
    let findings: ImportFindings

    /// The responses in the order in which a route offers them: the best success first, then by status, so that
    /// `Prefer: code=404` finds the others.
    func responses(
        of object: JSONObject, at place: JSONPointer, operation: OperationReference
    ) -> [ResponseDefinition] {
        let entries = entries(object["responses"], at: place / "responses")
        let responses = entries.flatMap { response($0, of: operation) }
        if responses.isEmpty {
            findings.warn(
                place, "no_responses", "\(operation.title) describes no response; it answers 200 without a body")
            return [ResponseDefinition(status: 200)]
        }
        if responses.count > RouteDefinition.maximalResponses {
            findings.warn(
                place / "responses", "too_many_responses",
                "\(operation.title) has \(responses.count) examples and statuses; the first "
                    + "\(RouteDefinition.maximalResponses) are taken")
        }
        return Array(responses.prefix(RouteDefinition.maximalResponses))
    }

    private func entries(_ responses: JSON?, at place: JSONPointer) -> [Entry] {
        guard let responses, let object = responses.object else {
            if let responses {
                findings.refuse(place, "invalid_type", "must be an object, is \(responses.typeName)")
            }
            return []
        }
        var taken = Set(object.keys.compactMap { Int($0) })
        var statuses: [(status: Int, key: String)] = []
        for key in object.keys where !key.hasPrefix("x-") && key != "default" {
            guard let status = status(of: key, taken: taken), (200...599).contains(status) else {
                findings.warn(
                    place / key, "status_ignored",
                    "\"\(key)\" is no final status; 200 to 599, 2XX to 5XX and default are")
                continue
            }
            taken.insert(status)
            statuses.append((status, key))
        }
        let hasSuccess = statuses.contains { (200...299).contains($0.status) }
        var entries = statuses.map { status, key in
            Entry(status: status, pointer: place / key, rank: (200...299).contains(status) ? status : status + 1000)
        }
        if object.contains("default") {
            if !hasSuccess {
                entries.append(Entry(status: 200, pointer: place / "default", rank: 0))
            } else if let status = [500, 400, 503].first(where: { !taken.contains($0) }) {
                // Beside a success, default describes errors.
                entries.append(Entry(status: status, pointer: place / "default", rank: 2000))
            }
        }
        return entries.sorted { $0.rank < $1.rank }
    }

    /// The status that a key stands for: a range gives its first status that has no key of its own.
    private func status(of key: String, taken: Set<Int>) -> Int? {
        if let status = Int(key) { return status }
        let characters = Array(key.uppercased())
        guard characters.count == 3, characters.dropFirst() == ["X", "X"], let digit = characters[0].wholeNumberValue,
            (2...5).contains(digit)
        else { return nil }
        return (digit * 100..<digit * 100 + 100).first { !taken.contains($0) }
    }

    private func response(_ entry: Entry, of operation: OperationReference) -> [ResponseDefinition] {
        let target: ReferenceResolver.Target
        do {
            guard let found = try references.resolve(entry.pointer) else { return [] }
            target = found
        } catch {
            findings.note(error, at: entry.pointer)
            return [ResponseDefinition(status: entry.status)]
        }
        var headers = HeaderImporter(references: references, findings: findings)
            .fields(target.object["headers"]?.object ?? [:], at: target.pointer / "headers")
        guard !Self.bodiless.contains(entry.status), let content = target.object["content"]?.object,
            let type = MediaType.preferred(in: content)
        else { return [ResponseDefinition(status: entry.status, headers: headers)] }
        headers.insert(HeaderField("content-type", type.concrete), at: 0)
        let media = MediaImporter(
            type: type, references: references, schemas: schemas, findings: findings,
            title: "\(operation.title), \(entry.status)")
        return media.bodies(content[type.text]?.object ?? [:], at: target.pointer / "content" / type.text).map { body in
            ResponseDefinition(name: body.name, status: entry.status, headers: headers, body: body.definition)
        }
    }
}
