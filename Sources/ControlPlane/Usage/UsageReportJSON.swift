import Domain
import JSON
import Persistence

extension UsageReport {
    var json: JSON {
        var object: JSONObject = [
            "tenant_id": .string(tenant.text),
            "period": ["from": .string(from.rfc3339), "to": .string(to.rfc3339)],
            "total_requests": JSON(totals.requests), "refused_requests": JSON(refused),
        ]
        for (name, value) in totals.durationFields { object[name] = value }
        object["unique_endpoints"] = JSON(uniqueRoutes)
        object["by_status"] = .object(
            JSONObject(byStatus.sorted { $0.key < $1.key }.map { ("\($0)xx", JSON($1.requests)) }))
        object["request_bytes"] = JSON(totals.requestBytes)
        object["response_bytes"] = JSON(totals.responseBytes)
        object["series"] = .array(
            series.map { start, totals in
                [
                    "at": .string(start.rfc3339), "requests": JSON(totals.requests),
                    "avg_duration_ms": totals.averageMilliseconds,
                    "max_duration_ms": .milliseconds(totals.maxDurationMicroseconds),
                    "request_bytes": JSON(totals.requestBytes), "response_bytes": JSON(totals.responseBytes),
                ]
            })
        if !names.isEmpty {
            object["group_by"] = .array(names.map { .string($0.rawValue) })
            object["groups"] = .array(rows.map { .object(json($0)) })
            object["groups_total"] = JSON(rowCount)
        }
        object["quotas"] = .object(
            JSONObject(
                quotas.sorted { $0.key.rawValue < $1.key.rawValue }.map { key, quota in
                    (
                        key.rawValue,
                        [
                            "limit": JSON(quota.limit.wireValue), "used": JSON(quota.used),
                            "left": JSON(quota.limit.value.map { max(0, $0 - quota.used) } ?? -1),
                        ]
                    )
                }))
        object["storage"] = [
            "bytes": JSON(databaseBytes + objectBytes), "database_bytes": JSON(databaseBytes),
            "object_bytes": JSON(objectBytes),
        ]
        return .object(object)
    }

    private func json(_ row: Row) -> JSONObject {
        var object = JSONObject()
        if let start = row.group.start { object["at"] = .string(start.rfc3339) }
        for (name, id) in row.group.ids { object[name] = id.isEmpty ? .null : .string(id) }
        if !row.group.ids.isEmpty { object["name"] = JSON(row.name) }
        if let statusClass = row.group.statusClass { object["status"] = .string("\(statusClass)xx") }
        object["requests"] = JSON(row.totals.requests)
        for (name, value) in row.totals.durationFields { object[name] = value }
        object["request_bytes"] = JSON(row.totals.requestBytes)
        object["response_bytes"] = JSON(row.totals.responseBytes)
        return object
    }
}

extension UsageGroup {
    /// The ids that a breakdown has, by their names in the API.
    var ids: [(name: String, id: String)] {
        [("workspace_id", workspaceID), ("mock_id", mockID), ("route_id", routeID)].compactMap { name, id in
            id.map { (name, $0) }
        }
    }
}

extension UsageTotals {
    var averageMilliseconds: JSON {
        requests == 0 ? 0 : .milliseconds(Int((Double(durationMicroseconds) / Double(requests)).rounded()))
    }

    /// Average, maximum and quantiles, by their names in the API.
    var durationFields: [(name: String, value: JSON)] {
        let quantiles = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)].map { name, share in
            (
                name: "\(name)_duration_ms",
                value: durations.quantile(share, longest: maxDurationMicroseconds).map(JSON.milliseconds) ?? .null
            )
        }
        return [
            (name: "avg_duration_ms", value: averageMilliseconds),
            (name: "max_duration_ms", value: .milliseconds(maxDurationMicroseconds)),
        ] + quantiles
    }
}

extension JSON {
    /// Durations are measured in microseconds: three digits are all there are.
    static func milliseconds(_ microseconds: Int) -> JSON { JSON(Double(microseconds) / 1000) }
}
