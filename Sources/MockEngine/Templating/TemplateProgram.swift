import JSON

/// What a template compiles to: operations in one array, constant bytes in another.
struct TemplateProgram: Sendable {
    enum Operation: Sendable {
        /// A range of `constants`.
        case literal(Range<Int>)
        case insert(TemplateExpression)
        /// A JSON value with its quotes or without.
        case insertTyped(TemplateExpression)
        /// A comma, except at the beginning of an array.
        case separate
        case jump(Int)
        /// Jumps when the condition does not hold.
        case branch(TemplateExpression, holds: Bool, otherwise: Int)
        /// Begins a loop, or jumps when there is nothing to go through.
        case each(TemplateExpression, whenEmpty: Int)
        case repetition(TemplateExpression, whenEmpty: Int)
        /// Jumps back to the body while something is left, else ends the loop.
        case next(body: Int)
    }

    /// What happens to inserted text.
    enum Escaping: Sendable { case none, json, header }

    var operations: [Operation] = []
    var constants: [UInt8] = []
    let escaping: Escaping
}
