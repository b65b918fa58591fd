import Domain
import JSON
import Persistence

extension UsageReport {
    /// The breakdown's rows, or the series without one; RFC 4180, with a line of names first.
    var csv: [UInt8] {
        var lines: [[String]] = []
        let measures = ["requests"] + UsageTotals().durationFields.map(\.name) + ["request_bytes", "response_bytes"]
        if names.isEmpty {
            lines.append(["at", "requests", "avg_duration_ms", "max_duration_ms", "request_bytes", "response_bytes"])
            for (start, totals) in series {
                lines.append(
                    [
                        start.rfc3339, String(totals.requests), totals.averageMilliseconds.text,
                        JSON.milliseconds(totals.maxDurationMicroseconds).text, String(totals.requestBytes),
                        String(totals.responseBytes),
                    ])
            }
        } else {
            let hasTime = names.contains(.day) || names.contains(.hour)
            let ids = names.contains(.route) ? 3 : names.contains(.mock) ? 2 : names.contains(.workspace) ? 1 : 0
            let hasStatus = names.contains(.status)
            lines.append(
                (hasTime ? ["at"] : []) + ["workspace_id", "mock_id", "route_id"].prefix(ids)
                    + (ids > 0 ? ["name"] : [])
                    + (hasStatus ? ["status"] : []) + measures)
            for row in rows {
                var line = row.group.start.map { [$0.rfc3339] } ?? []
                line += row.group.ids.map(\.id)
                if ids > 0 { line.append(row.name ?? "") }
                if let statusClass = row.group.statusClass { line.append("\(statusClass)xx") }
                line.append(String(row.totals.requests))
                line += row.totals.durationFields.map { $0.value == .null ? "" : $0.value.text }
                line += [String(row.totals.requestBytes), String(row.totals.responseBytes)]
                lines.append(line)
            }
        }
        return Array(lines.map { $0.map(Self.field).joined(separator: ",") + "\r\n" }.joined().utf8)
    }

    private static func field(_ text: String) -> String {
        // A spreadsheet would run a name that begins like a formula.
        let isFormula = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
        let text = isFormula ? "'" + text : text
        guard text.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
