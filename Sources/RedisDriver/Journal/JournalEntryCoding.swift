import Domain
import JSON
import Persistence

/// An entry as it is kept in Redis: a JSON object with short names, since there are many.
enum JournalEntryCoding {
    /// - Parameter number: comes first, in a fixed width, since Redis orders by their bytes what has the same place.
    static func bytes(_ entry: JournalEntry, number: UInt64) -> [UInt8] {
        let digits = String(number, radix: 16)
        var members: JSONObject = [
            "a": .string(String(repeating: "0", count: 16 - digits.count) + digits),
            "i": .string(entry.id.text), "t": JSON(Int(entry.receivedAt.microseconds)), "m": .string(entry.method),
            "o": .string(entry.host), "p": .string(entry.path), "s": JSON(entry.status),
            "d": JSON(Int(entry.durationMicroseconds)),
        ]
        if let query = entry.query { members["q"] = .string(query) }
        members["h"] = .array(entry.headers.flatMap { [.string($0.name), .string($0.value)] })
        if !entry.body.isEmpty { members["b"] = .string(entry.body) }
        if entry.isBodyTruncated { members["x"] = true }
        if let mock = entry.mockID { members["k"] = .string(mock.text) }
        if let route = entry.routeID { members["r"] = .string(route.text) }
        if !entry.nearMisses.isNull { members["n"] = entry.nearMisses }
        if !entry.violations.isEmpty { members["v"] = .array(entry.violations.map(\.json)) }
        var bytes: [UInt8] = []
        JSON.object(members).write(to: &bytes)
        return bytes
    }

    /// Nil for what another version of the program wrote in another form.
    static func entry(_ bytes: [UInt8]) -> JournalEntry? {
        guard let json = try? JSON.parse(bytes, limits: JSONLimits(allowsDuplicateKeys: true)),
            let id = json["i"]?.string.flatMap({ JournalID($0) }), let moment = json["t"]?.integer,
            let method = json["m"]?.string, let host = json["o"]?.string, let path = json["p"]?.string,
            let status = json["s"]?.integer, let duration = json["d"]?.integer,
            let headers = json["h"]?.array?.compactMap(\.string), headers.count.isMultiple(of: 2)
        else { return nil }
        return JournalEntry(
            id: id, receivedAt: Timestamp(microseconds: Int64(moment)), method: method, host: host, path: path,
            query: json["q"]?.string,
            headers: stride(from: 0, to: headers.count, by: 2).map { (name: headers[$0], value: headers[$0 + 1]) },
            body: json["b"]?.string ?? "", isBodyTruncated: json["x"]?.bool ?? false, status: status,
            mockID: json["k"]?.string.flatMap { MockID($0) }, routeID: json["r"]?.string.flatMap { RouteID($0) },
            durationMicroseconds: Int64(duration), nearMisses: json["n"] ?? .null,
            violations: (json["v"]?.array ?? []).compactMap { violation in
                guard let pointer = violation["pointer"]?.string, let code = violation["code"]?.string,
                    let message = violation["message"]?.string
                else { return nil }
                return Violation(pointer: pointer, code: code, message: message)
            })
    }
}
