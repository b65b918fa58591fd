import CRE2

/// A compiled regular expression in the syntax of ECMA-262, as JSON Schema and JavaScript have it, that runs in time
/// linear in the text, whatever the pattern: a stranger's pattern cannot stall a node.
///
/// Look-ahead is supported where it stands first, after `^` (the usual way to state password rules); other look-around
/// and back references are refused.
package final class RegularExpression: Sendable {
    /// As it was given.
    package let pattern: String
    let syntax: PatternNode
    private let program: Program
    /// Look-aheads at the start of the text, each with whether it must not match.
    private let conditions: [(program: Program, isNegated: Bool)]

    /// Longest pattern, in bytes of UTF-8.
    package static let lengthLimit = 4096
    /// Bytes that one compiled program with its state cache may use.
    private static let memoryLimit: Int64 = 1 << 20

    package init(_ pattern: String, caseInsensitive: Bool = false) throws(PatternError) {
        guard pattern.utf8.count <= Self.lengthLimit else {
            throw PatternError("the pattern is longer than \(Self.lengthLimit) bytes")
        }
        let node = try PatternParser.parse(pattern, caseInsensitive: caseInsensitive)
        let (body, conditions) = Self.splitConditions(node)
        self.pattern = pattern
        self.syntax = body
        program = try Program(PatternTranslation.translate(body), memoryLimit: Self.memoryLimit)
        var programs: [(program: Program, isNegated: Bool)] = []
        for condition in conditions {
            let text = "\\A(?:" + (try PatternTranslation.translate(condition.node)) + ")"
            programs.append((try Program(text, memoryLimit: Self.memoryLimit), condition.isNegated))
        }
        self.conditions = programs
    }

    /// Whether the pattern matches anywhere in `text`.
    package func found(in text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            for condition in conditions where condition.program.isFound(in: bytes) == condition.isNegated {
                return false
            }
            return program.isFound(in: bytes)
        }
    }

    /// Takes look-aheads that follow a leading `^` out of the tree: each is a condition on the whole text.
    private static func splitConditions(
        _ node: PatternNode
    ) -> (body: PatternNode, conditions: [(node: PatternNode, isNegated: Bool)]) {
        guard case .sequence(let nodes) = node, case .anchor(.textStart)? = nodes.first else { return (node, []) }
        var conditions: [(node: PatternNode, isNegated: Bool)] = []
        for node in nodes.dropFirst() {
            guard case .look(let inner, isAhead: true, let isNegated) = node else { break }
            conditions.append((inner, isNegated))
        }
        if conditions.isEmpty { return (node, []) }
        return (.sequence([nodes[0]] + nodes.dropFirst(1 + conditions.count)), conditions)
    }
}

extension RegularExpression {
    /// Owns one RE2 object. RE2's matching is safe from many threads at once; the pointer never changes.
    private final class Program: @unchecked Sendable {
        private let pointer: OpaquePointer

        init(_ text: String, memoryLimit: Int64) throws(PatternError) {
            var message = [CChar](repeating: 0, count: 256)
            var text = text
            let compiled = text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    cre2_compile(characters.baseAddress, characters.count, 0, memoryLimit, &message, message.count)
                }
            }
            guard let compiled else {
                let reason = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                throw PatternError("the pattern is not supported: \(reason)")
            }
            pointer = compiled
        }

        deinit { cre2_free(pointer) }

        func isFound(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
            bytes.withMemoryRebound(to: CChar.self) { cre2_search(pointer, $0.baseAddress, $0.count) != 0 }
        }
    }
}
