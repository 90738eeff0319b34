/// Prompt text whose parts remember who wrote them.
///
/// A chat template writes control tokens (`<|im_start|>`) as text, and a person may type the
/// same characters. Only the template's own text may become control tokens, so rendering
/// keeps the two apart and the tokenizer looks for control tokens in trusted spans alone.
public struct PromptText: Sendable, Equatable {
    /// A run of text of one origin.
    public struct Span: Sendable, Equatable {
        public var text: String
        /// True where the chat template itself wrote the text; false for message content.
        public var isTrusted: Bool

        public init(_ text: String, isTrusted: Bool) {
            self.text = text
            self.isTrusted = isTrusted
        }
    }

    public private(set) var spans: [Span]

    public init(spans: [Span] = []) {
        self.spans = []
        for span in spans { append(span.text, isTrusted: span.isTrusted) }
    }

    /// Adds text at the end; neighbours of one origin become one span, empty text none.
    public mutating func append(_ text: String, isTrusted: Bool) {
        guard !text.isEmpty else { return }
        if let last = spans.indices.last, spans[last].isTrusted == isTrusted {
            spans[last].text += text
        } else {
            spans.append(Span(text, isTrusted: isTrusted))
        }
    }

    /// The whole text, as the model's reference implementation would see it.
    public var text: String { spans.map(\.text).joined() }
}
