import Foundation

/// A rendered conversation, and what had to be done to it.
public struct RenderedChat: Sendable, Equatable {
    public var prompt: PromptText
    /// Sentences for the person: the system text was moved, turns were merged.
    public var notes: [String]

    public init(prompt: PromptText, notes: [String] = []) {
        self.prompt = prompt
        self.notes = notes
    }
}

extension ChatTemplate {
    /// Renders messages as they are; what the template refuses is an error.
    public func render(
        messages: [ChatMessage], addGenerationPrompt: Bool, specialTokens: [String: String] = [:],
        now: Date = Date()
    ) throws(ChatTemplateError) -> PromptText {
        let variables = JinjaDict()
        let list = messages.map { message -> JinjaValue in
            let dict = JinjaDict()
            dict.set(
                TemplateText("role"), .string(TemplateText(message.role, isTrusted: false)))
            dict.set(
                TemplateText("content"), .string(TemplateText(message.content, isTrusted: false)))
            return .dict(dict)
        }
        variables.set(TemplateText("messages"), .list(list))
        // transformers always defines these.
        variables.set(TemplateText("tools"), .none)
        variables.set(TemplateText("documents"), .none)
        variables.set(TemplateText("add_generation_prompt"), .bool(addGenerationPrompt))
        for (name, text) in specialTokens.sorted(by: { $0.key < $1.key }) {
            variables.set(TemplateText(name), .string(TemplateText(text)))
        }
        return try render(variables, now: now)
    }

    /// Renders messages, adapting them where the template cannot take them:
    ///
    /// - System text that the template refuses or leaves out goes before the next user turn,
    ///   with a blank line between.
    /// - Turns of one role in a row that the template refuses become one, with a blank line
    ///   between.
    ///
    /// What was done is said in ``RenderedChat/notes``. What no adaptation helps is the
    /// template's own error.
    public func renderAdapting(
        messages: [ChatMessage], addGenerationPrompt: Bool, specialTokens: [String: String] = [:],
        now: Date = Date()
    ) throws(ChatTemplateError) -> RenderedChat {
        func render(_ messages: [ChatMessage]) throws(ChatTemplateError) -> PromptText {
            try self.render(
                messages: messages, addGenerationPrompt: addGenerationPrompt,
                specialTokens: specialTokens, now: now)
        }
        var refusal: ChatTemplateError?
        for adaptation in Self.adaptations(of: messages) {
            do {
                let prompt = try render(adaptation.messages)
                let isDropped = Self.systemTexts(adaptation.messages).contains { system in
                    !prompt.text.contains(system)
                }
                // The template may have rewritten the text; a marker at its end tells.
                if isDropped {
                    let marker = "zqxjkvbpw"
                    var marked = adaptation.messages
                    for index in marked.indices where marked[index].role == "system" {
                        marked[index].content += marker
                    }
                    let count = Self.systemTexts(adaptation.messages).count
                    let shown = try render(marked).text.components(separatedBy: marker).count - 1
                    if shown < count { continue }
                }
                return RenderedChat(prompt: prompt, notes: adaptation.notes)
            } catch {
                if refusal == nil { refusal = error }
                guard case .raised = error else {
                    // Templates also refuse by failing: a role they index by is not there.
                    if case .failed = error { continue }
                    throw error
                }
            }
        }
        if let refusal { throw refusal }
        // Every form leaves the system text out, the folded one too: there is no user turn.
        return RenderedChat(
            prompt: try render(messages),
            notes: ["The model's chat template leaves the system text out."])
    }

    private static func systemTexts(_ messages: [ChatMessage]) -> [String] {
        messages.filter { $0.role == "system" }
            .map { $0.content.trimmingCharacters(in: .whitespacesAndNewlines) }
            .filter { !$0.isEmpty }
    }

    private static func adaptations(
        of messages: [ChatMessage]
    ) -> [(messages: [ChatMessage], notes: [String])] {
        let folded = folding(messages)
        let foldNote =
            "The model's chat template has no system role: the system text was put before the "
            + "user's turn."
        let mergeNote =
            "The model's chat template takes no two turns of one role in a row: they were merged."
        var result: [(messages: [ChatMessage], notes: [String])] = [(messages, [])]
        if let merged = merging(messages) { result.append((merged, [mergeNote])) }
        if let folded {
            result.append((folded, [foldNote]))
            if let merged = merging(folded) { result.append((merged, [foldNote, mergeNote])) }
        }
        return result
    }

    /// Each system text before the user turn that follows it, or as a user turn of its own
    /// where none does. Nil where there is no system text.
    private static func folding(_ messages: [ChatMessage]) -> [ChatMessage]? {
        guard messages.contains(where: { $0.role == "system" }) else { return nil }
        var result: [ChatMessage] = []
        var pending: [String] = []
        for message in messages {
            if message.role == "system" {
                if !message.content.isEmpty { pending.append(message.content) }
            } else if message.role == "user" || pending.isEmpty {
                let parts = pending + [message.content]
                result.append(
                    ChatMessage(role: message.role, content: parts.joined(separator: "\n\n")))
                pending = []
            } else {
                result.append(
                    ChatMessage(role: "user", content: pending.joined(separator: "\n\n")))
                result.append(message)
                pending = []
            }
        }
        if !pending.isEmpty {
            result.append(ChatMessage(role: "user", content: pending.joined(separator: "\n\n")))
        }
        return result
    }

    /// Nil where no two turns in a row are of one role.
    private static func merging(_ messages: [ChatMessage]) -> [ChatMessage]? {
        var result: [ChatMessage] = []
        for message in messages {
            if let last = result.last, last.role == message.role {
                result[result.count - 1].content = last.content + "\n\n" + message.content
            } else {
                result.append(message)
            }
        }
        return result.count < messages.count ? result : nil
    }
}
