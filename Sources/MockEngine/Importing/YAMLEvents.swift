// libyaml as Yams builds it. Yams' own tree is made before its size can be bounded (it hashes mapping keys, and the keys of
// a hostile file can be aliases that stand for billions of nodes), so the events are read here.
import CYaml

/// A piece of YAML text as libyaml reports it.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case streamEnd
        case alias(String)
        case scalar(YAMLScalar, anchor: String?)
        case sequenceStart(anchor: String?)
        case sequenceEnd
        case mappingStart(anchor: String?)
        case mappingEnd
    }

    let kind: Kind
    /// Both counted from 1.
    let line: Int
    let column: Int
}

/// A scalar with what decides its type.
struct YAMLScalar {
    let text: String
    /// Written without quotes and not as a block.
    let isPlain: Bool
    /// The full tag, such as `tag:yaml.org,2002:str`; nil when none was written.
    let tag: String?
}

/// Why a text is not YAML, or not YAML that we take.
struct YAMLFailure: Error {
    let message: String
    let line: Int
    let column: Int
}

/// The events of a text in order. Owns libyaml's parser; `bytes` must outlive it.
struct YAMLEvents: ~Copyable {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)

    /// `bytes` must be valid UTF-8.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func next() throws(YAMLFailure) -> YAMLEvent {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
            defer { yaml_event_delete(&event) }
            if event.type != YAML_STREAM_START_EVENT { return Self.event(event) }
        }
    }

    private func failure() -> YAMLFailure {
        let state = parser.pointee
        var message = state.problem.map { String(cString: $0) } ?? "the text cannot be read"
        if let context = state.context { message += " \(String(cString: context))" }
        return YAMLFailure(
            message: message, line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1)
    }

    private static func event(_ event: yaml_event_t) -> YAMLEvent {
        let data = event.data
        let kind: YAMLEvent.Kind =
            switch event.type {
            case YAML_DOCUMENT_START_EVENT: .documentStart
            case YAML_DOCUMENT_END_EVENT: .documentEnd
            case YAML_ALIAS_EVENT: .alias(text(data.alias.anchor) ?? "")
            case YAML_SCALAR_EVENT: .scalar(scalar(event), anchor: text(data.scalar.anchor))
            case YAML_SEQUENCE_START_EVENT: .sequenceStart(anchor: text(data.sequence_start.anchor))
            case YAML_SEQUENCE_END_EVENT: .sequenceEnd
            case YAML_MAPPING_START_EVENT: .mappingStart(anchor: text(data.mapping_start.anchor))
            case YAML_MAPPING_END_EVENT: .mappingEnd
            default: .streamEnd
            }
        return YAMLEvent(kind: kind, line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
    }

    private static func scalar(_ event: yaml_event_t) -> YAMLScalar {
        let scalar = event.data.scalar
        return YAMLScalar(
            text: String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self),
            isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, tag: text(scalar.tag))
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}
