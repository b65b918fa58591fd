import JSON

/// Text in aligned columns.
struct Table {
    let columns: [String]
    private(set) var rows: [[String]] = []

    init(columns: [String]) { self.columns = columns }

    mutating func add(_ row: [String]) { rows.append(row.map(Self.oneLine)) }

    /// No line ends with spaces.
    var text: String {
        let lines = [columns.map { $0.uppercased() }] + rows
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            var line = ""
            for (column, cell) in cells.enumerated() {
                line += cell
                if column < cells.count - 1 {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// Control characters in somebody's data must not steer the terminal.
    static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }

    /// How a value looks in a cell.
    static func cell(_ json: JSON?) -> String {
        switch json {
        case nil, .null: "-"
        case .string(let text): text
        case .array(let items): items.map { cell($0) }.joined(separator: ", ")
        case .some(let value): value.text
        }
    }

    /// An object as lines of `name  value`; members of inner objects are named with dots.
    static func record(_ json: JSON) -> String {
        var fields: [(name: String, value: String)] = []
        func collect(_ json: JSON, _ prefix: String) {
            for (key, value) in json.object ?? JSONObject() {
                let name = prefix.isEmpty ? key : "\(prefix).\(key)"
                if let object = value.object, !object.isEmpty {
                    collect(value, name)
                } else {
                    fields.append((name, oneLine(cell(value))))
                }
            }
        }
        collect(json, "")
        let width = fields.map(\.name.count).max() ?? 0
        return fields.map { name, value in
            value.isEmpty ? name : name + String(repeating: " ", count: width - name.count + 2) + value
        }.joined(separator: "\n")
    }
}
