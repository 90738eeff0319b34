/// An expression of a template and where it stands.
struct JinjaExpression: Sendable {
    indirect enum Kind: Sendable {
        case constant(JinjaConstant)
        case name(String)
        case list([JinjaExpression])
        case tuple([JinjaExpression])
        case dict([(key: JinjaExpression, value: JinjaExpression)])
        case attribute(JinjaExpression, String)
        case item(JinjaExpression, JinjaExpression)
        /// Only as the subscript of an ``item(_:_:)``.
        case slice(start: JinjaExpression?, stop: JinjaExpression?, step: JinjaExpression?)
        case call(JinjaExpression, JinjaArguments)
        /// The operand is nil at the head of a filter block or a block set.
        case filter(JinjaExpression?, name: String, JinjaArguments)
        case test(JinjaExpression, name: String, JinjaArguments)
        case not(JinjaExpression)
        case negate(JinjaExpression)
        case plus(JinjaExpression)
        case and(JinjaExpression, JinjaExpression)
        case or(JinjaExpression, JinjaExpression)
        case binary(JinjaOperator, JinjaExpression, JinjaExpression)
        case concat([JinjaExpression])
        case compare(JinjaExpression, [(JinjaComparison, JinjaExpression)])
        case conditional(
            test: JinjaExpression, then: JinjaExpression, otherwise: JinjaExpression?)
    }

    var kind: Kind
    var offset: Int
}

enum JinjaConstant: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(TemplateText)
}

enum JinjaComparison: Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, isIn, notIn
}

/// The arguments of a call, a filter or a test, as they are written.
struct JinjaArguments: Sendable {
    var positional: [JinjaExpression] = []
    var keyword: [(name: String, value: JinjaExpression)] = []
    /// `*args` and `**kwargs`.
    var spread: JinjaExpression?
    var keywordSpread: JinjaExpression?
}

/// What an assignment writes to.
indirect enum JinjaTarget: Sendable {
    case name(String)
    case tuple([JinjaTarget])
    /// `set ns.attribute`
    case namespace(String, attribute: String)
}

/// The parameters of a macro or of a call block's body.
struct JinjaSignature: Sendable {
    var names: [String] = []
    /// Those of the last parameters.
    var defaults: [JinjaExpression] = []
}

/// A piece of a template's body and where it stands.
struct JinjaStatement: Sendable {
    indirect enum Kind: Sendable {
        case data(TemplateText)
        case output(JinjaExpression)
        /// At the head of a scope: names it assigns later, without a value until then.
        case unset([String])
        case condition(
            [(test: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
        case loop(JinjaLoop)
        case set(JinjaTarget, JinjaExpression)
        case setBlock(JinjaTarget, filter: JinjaExpression?, body: [JinjaStatement])
        case with([(JinjaTarget, JinjaExpression)], body: [JinjaStatement])
        case macro(JinjaMacro)
        case callBlock(JinjaMacro, call: JinjaExpression)
        case filterBlock(JinjaExpression, body: [JinjaStatement])
        /// `{% block %}` without inheritance, and `{% generation %}`.
        case block(name: String?, isScoped: Bool, body: [JinjaStatement])
        case breakLoop
        case continueLoop
    }

    var kind: Kind
    var offset: Int
}

struct JinjaLoop: Sendable {
    var target: JinjaTarget
    var iterable: JinjaExpression
    var filter: JinjaExpression?
    var body: [JinjaStatement]
    var otherwise: [JinjaStatement]
    var isRecursive: Bool
}

struct JinjaMacro: Sendable {
    var name: String
    var signature: JinjaSignature
    var body: [JinjaStatement]
    /// Which of the names with a meaning of their own the body reads.
    var usesCaller = false
    var usesVarargs = false
    var usesKwargs = false
}
