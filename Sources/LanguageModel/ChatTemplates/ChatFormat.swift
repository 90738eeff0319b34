import ChatTemplates
import Foundation

/// How messages become a prompt for one model: its own template, or the stated fall-back.
public enum ChatFormat: Sendable {
    /// The model's own template, with the texts of its special tokens (`bos_token`, …).
    case template(ChatTemplate, specialTokens: [String: String])
    /// No template, but ChatML's control tokens: `<|im_start|>role\ncontent<|im_end|>\n`.
    case chatML
    /// No template and no control tokens, a base model: `User: …`, `Assistant: …`, each turn
    /// a paragraph.
    case plain

    /// The format of a model.
    ///
    /// - Parameter source: the model's chat template; nil where it has none.
    public init(
        source: String?, tokenizer: (any Tokenizer)?
    ) throws(ChatTemplateError) {
        if let source {
            self = .template(
                try ChatTemplate(source: source),
                specialTokens: tokenizer.map(Self.specialTokens) ?? [:])
        } else if let tokenizer, Self.hasChatML(tokenizer) {
            self = .chatML
        } else {
            self = .plain
        }
    }

    /// Said to the person once, where the model has no template of its own.
    public var note: String? {
        switch self {
        case .template: nil
        case .chatML: "The model has no chat template; ChatML is used, whose tokens it has."
        case .plain:
            "The model has no chat template; the conversation is written as plain text."
        }
    }

    /// Texts that end a reply in this format, besides the model's own end tokens.
    public var stopStrings: [String] {
        if case .plain = self { ["\nUser:", "\nSystem:"] } else { [] }
    }

    private static func specialTokens(_ tokenizer: any Tokenizer) -> [String: String] {
        let special = tokenizer.specialTokens
        let ids = [
            "bos_token": special.bos, "eos_token": special.eos, "unk_token": special.unknown,
            "pad_token": special.padding,
        ]
        return ids.compactMapValues { $0.map(tokenizer.displayText) }
    }

    private static func hasChatML(_ tokenizer: any Tokenizer) -> Bool {
        ["<|im_start|>", "<|im_end|>"].allSatisfy { text in
            let ids = tokenizer.encode(text, parseSpecial: true)
            return ids.count == 1 && tokenizer.isControl(ids[0])
        }
    }

    public func render(
        messages: [ChatMessage], addGenerationPrompt: Bool, now: Date = Date()
    ) throws(ChatTemplateError) -> RenderedChat {
        switch self {
        case .template(let template, let specialTokens):
            return try template.renderAdapting(
                messages: messages, addGenerationPrompt: addGenerationPrompt,
                specialTokens: specialTokens, now: now)
        case .chatML:
            var prompt = PromptText()
            for message in messages {
                prompt.append("<|im_start|>", isTrusted: true)
                prompt.append("\(message.role)\n\(message.content)", isTrusted: false)
                prompt.append("<|im_end|>\n", isTrusted: true)
            }
            if addGenerationPrompt { prompt.append("<|im_start|>assistant\n", isTrusted: true) }
            return RenderedChat(prompt: prompt)
        case .plain:
            var prompt = PromptText()
            for message in messages {
                prompt.append("\(message.role.capitalized): ", isTrusted: false)
                prompt.append(message.content + "\n\n", isTrusted: false)
            }
            // No space after the colon: the reply's first token brings its own.
            if addGenerationPrompt { prompt.append("Assistant:", isTrusted: true) }
            return RenderedChat(prompt: prompt)
        }
    }
}
