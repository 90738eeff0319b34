import Foundation
import JSON

/// A model's own chat template: Jinja text that turns messages into the prompt the model was
/// trained on.
///
/// Renders as transformers does (`trim_blocks`, `lstrip_blocks`, loop controls, its `tojson`,
/// `strftime_now`, `raise_exception` and `generation` block). A construct that is not
/// understood is an error when the template is read, never wrong text. The prompt keeps apart
/// what the template wrote and what came from messages, so that only the template's own text
/// can become control tokens.
public struct ChatTemplate: Sendable {
    /// Bounds on what a template may do; templates come from strangers.
    public struct Limits: Sendable, Equatable {
        /// Steps that every template has: nodes evaluated, values made, and one for every 16
        /// characters or 2 list elements. A step makes about 100 bytes at most, so that steps
        /// bound memory as they bound time.
        public var steps = 300_000
        /// Further steps for each value of the context, and for each character of its text:
        /// a long conversation may take longer, a short one has no reason to.
        public var stepsPerValue = 64
        public var stepsPerCharacter = 32
        /// Nesting of expressions, statements and macro calls while it runs.
        public var depth = 400
        /// Length of the prompt and of any value.
        public var characters = 1 << 22

        public init() {}
    }

    /// Longest source that is read, in characters.
    public static let longestSource = 1 << 20

    public let source: String
    public var limits: Limits
    private let scalars: [Unicode.Scalar]
    private let body: [JinjaStatement]

    public init(source: String, limits: Limits = Limits()) throws(ChatTemplateError) {
        self.source = source
        self.limits = limits
        scalars = JinjaLexer.normalize(source)
        guard scalars.count <= Self.longestSource else {
            throw .limit(
                JinjaPosition(line: 1, column: 1),
                "it is longer than \(Self.longestSource) characters")
        }
        var parser = try JinjaParser(source: scalars)
        body = try parser.parse()
    }

    /// Renders any context: `messages`, `tools`, `add_generation_prompt`, `bos_token`, …
    ///
    /// Top-level strings whose name ends in `_token` are the model's own and trusted; all
    /// other text of the context is not.
    /// - Parameter now: what `strftime_now` shows, in the time zone of the process.
    public func render(
        context: JSONValue, now: Date = Date()
    ) throws(ChatTemplateError) -> PromptText {
        guard case .object(let members) = context else {
            throw .failed(JinjaPosition(line: 1, column: 1), "the context is not an object")
        }
        let variables = JinjaDict()
        for (name, value) in members {
            let isTrusted = name.hasSuffix("_token")
            variables.set(TemplateText(name), JinjaValue(value, isTrusted: isTrusted))
        }
        return try render(variables, now: now)
    }

    func render(_ variables: JinjaDict, now: Date) throws(ChatTemplateError) -> PromptText {
        let interpreter = JinjaInterpreter(
            source: scalars, variables: variables, limits: limits, now: { now })
        _ = try interpreter.run(body, in: interpreter.root)
        return interpreter.output.prompt
    }
}

extension JinjaValue {
    init(_ json: JSONValue, isTrusted: Bool) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .double(let value): self = .float(value)
        case .string(let value): self = .string(TemplateText(value, isTrusted: isTrusted))
        case .array(let items):
            self = .list(items.map { JinjaValue($0, isTrusted: isTrusted) })
        case .object(let members):
            let dict = JinjaDict()
            for (name, value) in members {
                dict.set(
                    TemplateText(name, isTrusted: isTrusted),
                    JinjaValue(value, isTrusted: isTrusted))
            }
            self = .dict(dict)
        }
    }
}
