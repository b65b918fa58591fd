import Domain
import JSON

/// One run of a program.
struct TemplateRenderer {
    private let program: TemplateProgram
    let view: RequestView
    var environment: TemplateEnvironment
    private var loops: [Loop] = []
    /// The fields of a form body, once asked for.
    private var formFields: [(name: String, value: String)]?

    private struct Loop {
        enum Items {
            case elements([JSON])
            case members(JSONObject)
            /// `{{#repeat}}`: the numbers from 1.
            case numbers
        }

        let items: Items
        let count: Int
        var index = 0

        var item: JSON {
            switch items {
            case .elements(let elements): elements[index]
            case .members(let object): object.values[index]
            case .numbers: JSON(index + 1)
            }
        }
    }

    init(_ program: TemplateProgram, _ view: RequestView, _ environment: TemplateEnvironment) {
        self.program = program
        self.view = view
        self.environment = environment
    }

    mutating func run(into out: inout [UInt8]) throws(TemplateError) {
        let limit = environment.limits.outputBytes
        let start = out.count
        var position = 0
        while position < program.operations.count {
            try charge(1)
            let operation = program.operations[position]
            position += 1
            switch operation {
            case .literal(let range): out.append(contentsOf: program.constants[range])
            case .insert(let expression): try insert(expression, into: &out)
            case .insertTyped(let expression): try insertTyped(expression, into: &out)
            case .separate:
                // The last byte is the array's own bracket or the end of its last element.
                if out.last != UInt8(ascii: "[") { out.append(UInt8(ascii: ",")) }
            case .jump(let target): position = target
            case .branch(let condition, let holds, let target):
                if try evaluate(condition).isTruthy != holds { position = target }
            case .each(let list, let target):
                if !(try begin(evaluate(list))) { position = target }
            case .repetition(let count, let target):
                let count = try evaluate(count)?.looseNumber ?? 0
                if count >= 1 {
                    try begin(.numbers, count: count < 1e15 ? Int(count) : .max)
                } else {
                    position = target
                }
            case .next(let body):
                loops[loops.count - 1].index += 1
                if loops[loops.count - 1].index < loops[loops.count - 1].count {
                    position = body
                } else {
                    loops.removeLast()
                }
            }
            if out.count - start > limit { throw .limit("the rendered template is larger than \(limit) bytes") }
        }
    }

    /// Takes steps from what is left.
    mutating func charge(_ steps: Int) throws(TemplateError) {
        environment.stepsLeft -= steps
        if environment.stepsLeft < 0 {
            throw .limit("the template takes more than \(environment.limits.steps) steps")
        }
    }

    private mutating func begin(_ list: JSON?) throws(TemplateError) -> Bool {
        switch list {
        case .array(let elements) where !elements.isEmpty:
            try begin(.elements(elements), count: elements.count)
        case .object(let object) where !object.isEmpty:
            try begin(.members(object), count: object.count)
        default: return false
        }
        return true
    }

    private mutating func begin(_ items: Loop.Items, count: Int) throws(TemplateError) {
        guard count <= environment.limits.iterations else {
            throw .limit("a loop has more than \(environment.limits.iterations) iterations")
        }
        loops.append(Loop(items: items, count: count))
    }

    // MARK: Output

    private mutating func insert(_ expression: TemplateExpression, into out: inout [UInt8]) throws(TemplateError) {
        let start = out.count
        if try writeDirectly(expression, into: &out) {
            escape(from: start, in: &out)
            return
        }
        if case .request(.body(let steps)) = expression, steps.isEmpty {
            // As it was received, and not as it would be written again.
            guard let text = view.bodyText else { return }
            out.append(contentsOf: text.utf8)
        } else if let value = try evaluate(expression) {
            if case .string(let text) = value, program.escaping == .json {
                JSON.writeEscaped(text, to: &out)
                return try charge((out.count - start) >> 4)
            }
            value.writeText(to: &out)
        }
        try charge((out.count - start) >> 4)
        escape(from: start, in: &out)
    }

    private mutating func insertTyped(_ expression: TemplateExpression, into out: inout [UInt8]) throws(TemplateError) {
        let isNumber =
            switch expression {
            case .fake(let kind): kind.isNumber
            case .now(let format, _): format.isNumber
            default: false
            }
        if !isNumber { out.append(UInt8(ascii: "\"")) }
        let start = out.count
        if try writeDirectly(expression, into: &out) {
            if !isNumber {
                escape(from: start, in: &out)
                out.append(UInt8(ascii: "\""))
            }
            return
        }
        out.removeSubrange((isNumber ? start : start - 1)...)
        let value = try evaluate(expression) ?? .null
        value.write(to: &out)
        try charge((out.count - start) >> 4)
    }

    /// Writes values that need no `JSON` on the way, raw. False when `expression` is not of that kind.
    private mutating func writeDirectly(
        _ expression: TemplateExpression, into out: inout [UInt8]
    ) throws(TemplateError) -> Bool {
        switch expression {
        case .call(.uuid, _): environment.random.writeUUID(to: &out)
        case .fake(let kind): kind.write(now: environment.now, &environment.random, to: &out)
        case .now(let format, let offset): format.write(offset.applied(to: environment.now), to: &out)
        default: return false
        }
        try charge(4)
        return true
    }

    /// Makes what was inserted fit where it stands.
    private func escape(from start: Int, in out: inout [UInt8]) {
        switch program.escaping {
        case .none: break
        case .json:
            let needsEscape = out[start...].contains {
                $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
            }
            guard needsEscape else { return }
            let text = String(decoding: out[start...], as: UTF8.self)
            out.removeSubrange(start...)
            JSON.writeEscaped(text, to: &out)
        case .header:
            guard !out[start...].allSatisfy(\.isAllowedInHeader) else { return }
            let allowed = out[start...].filter(\.isAllowedInHeader)
            out.replaceSubrange(start..., with: allowed)
        }
    }

    // MARK: Values

    /// The value; nil where the request or the data has none.
    mutating func evaluate(_ expression: TemplateExpression) throws(TemplateError) -> JSON? {
        try charge(1)
        switch expression {
        case .constant(let value): return value
        case .request(let value): return try read(value)
        case .item(let loop, let steps):
            let item = loops[loop].item
            return steps.isEmpty ? item : item.value(at: steps)
        case .loop(let loop, let value):
            switch value {
            case .index: return JSON(loops[loop].index)
            case .first: return JSON(loops[loop].index == 0)
            case .last: return JSON(loops[loop].index == loops[loop].count - 1)
            case .key:
                guard case .members(let object) = loops[loop].items else { return nil }
                return .string(object.keys[loops[loop].index])
            }
        case .now(let format, _): return try text(expression, isNumber: format.isNumber)
        case .fake(let kind): return try text(expression, isNumber: kind.isNumber)
        case .selection(let value, let path): return try select(path, in: try evaluate(value))
        case .call(let helper, let arguments): return try call(helper, arguments)
        }
    }

    private mutating func select(_ path: JSONPath, in value: JSON?) throws(TemplateError) -> JSON? {
        guard let value else { return nil }
        // A path can visit a node many times; the bound follows the size of the data and is paid for beforehand.
        let weight = value.weight
        let limit = min(JSONPath.stepLimit, 1000 + weight * 8)
        try charge(weight + limit >> 4)
        let nodes = path.select(in: value, limit: limit)
        return nodes.count > 1 ? .array(nodes) : nodes.first
    }

    private mutating func text(_ expression: TemplateExpression, isNumber: Bool) throws(TemplateError) -> JSON {
        var bytes: [UInt8] = []
        _ = try writeDirectly(expression, into: &bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        return isNumber ? .number(JSONNumber(validLiteral: text)) : .string(text)
    }

    private mutating func read(_ value: RequestValue) throws(TemplateError) -> JSON? {
        let request = view.request
        switch value {
        case .method: return .string(request.method)
        case .path: return .string(request.path)
        case .host: return .string(request.host)
        case .url: return .string(request.query.map { request.path + "?" + $0 } ?? request.path)
        case .queryString: return request.query.map(JSON.string)
        case .pathSegment(let index):
            try charge(request.path.utf8.count >> 4)
            let segments = request.path.split(separator: "/")
            guard let index else { return .array(segments.map { .string(FormEncoding.percentDecode($0)) }) }
            return index < segments.count ? .string(FormEncoding.percentDecode(segments[index])) : nil
        case .body(let steps):
            if steps.isEmpty { return wholeBody() }
            if let json = view.bodyJSON { return json.value(at: steps) }
            guard steps.count == 1, isForm else { return nil }
            return try field(.form, steps[0].name, 0)
        case .field(let fields, let name?, let index): return try field(fields, name, index)
        case .field(let fields, nil, _):
            let pairs = self.pairs(fields)
            try charge(pairs.count)
            var object = JSONObject()
            for (name, value) in pairs where !object.contains(name) { object[name] = .string(value) }
            return .object(object)
        }
    }

    /// JSON where the body is an array, an object, or sent as JSON; else its text.
    private func wholeBody() -> JSON? {
        if let json = view.bodyJSON {
            switch json {
            case .array, .object: return json
            default: if view.mediaType?.hasSuffix("json") == true { return json }
            }
        }
        guard !view.request.body.isEmpty else { return nil }
        return view.bodyText.map(JSON.string)
    }

    private var isForm: Bool { view.mediaType == "application/x-www-form-urlencoded" }

    private mutating func field(_ fields: RequestFields, _ name: String, _ index: Int) throws(TemplateError) -> JSON? {
        var left = index
        if case .headers = fields {
            try charge(view.request.headers.count >> 3)
            for header in view.request.headers where header.name == name {
                if left == 0 { return .string(header.value) }
                left -= 1
            }
            return nil
        }
        let pairs = self.pairs(fields)
        try charge(pairs.count >> 3)
        for pair in pairs where pair.name == name {
            if left == 0 { return .string(pair.value) }
            left -= 1
        }
        return nil
    }

    private mutating func pairs(_ fields: RequestFields) -> [(name: String, value: String)] {
        switch fields {
        case .pathParameters: return view.pathParameters
        case .query: return view.queryParameters
        case .cookies: return view.cookies
        case .headers: return view.request.headers.map { ($0.name, $0.value) }
        case .form:
            if let formFields { return formFields }
            let parsed = isForm ? FormEncoding.pairs(view.bodyText ?? "") : []
            formFields = parsed
            return parsed
        }
    }
}
