import ArgumentParser
import ChatTemplates
import Engine
import Foundation
import JSON
import LanguageModel

struct PromptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prompt",
        abstract: "Print the exact prompt that a model's chat template makes of messages.",
        discussion: """
            --messages names a JSON file with an array of {"role", "content"}. With \
            --chat-template, any Jinja chat template is rendered with the variables of --context, \
            a JSON object, and no model is read.
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: ArgumentHelp("A JSON file with the messages.", valueName: "path"))
    var messages: String?

    @Flag(name: .customLong("no-generation-prompt"), help: "Leave out the opening of the reply.")
    var noGenerationPrompt = false

    @Flag(help: "Print the prompt's token ids.") var ids = false

    @Option(help: ArgumentHelp("A Jinja chat template to render instead.", valueName: "path"))
    var chatTemplate: String?

    @Option(help: ArgumentHelp("A JSON file with the template's variables.", valueName: "path"))
    var context: String?

    func validate() throws {
        if chatTemplate == nil {
            guard messages != nil else { throw ValidationError("Give --messages") }
            guard context == nil else {
                throw ValidationError("--context goes with --chat-template")
            }
        } else {
            guard context != nil else {
                throw ValidationError("Give --context with --chat-template")
            }
            guard messages == nil, !ids else {
                throw ValidationError("--chat-template goes without --messages and --ids")
            }
        }
    }

    func run() throws {
        let prompt: PromptText
        var tokenizer: (any Tokenizer)?
        if let chatTemplate, let context {
            prompt = try Self.naming(chatTemplate) {
                try ChatTemplate(source: try readTextFile(chatTemplate))
                    .render(context: try readJSON(context))
            }
        } else {
            let list = try Self.messages(in: messages ?? "")
            let vocabulary = try ModelVocabulary(model)
            tokenizer = try vocabulary.requiredTokenizer
            prompt = try self.prompt(of: list, vocabulary)
        }
        if ids, let tokenizer {
            StandardOutput.json(JSON(ids: tokenizer.encode(prompt)))
        } else {
            StandardOutput.write(prompt.text)
        }
    }

    /// The messages as the file has them: a template may read more than role and content.
    private static func messages(in path: String) throws -> [JSONValue] {
        guard let list = try readJSON(path).array,
            list.allSatisfy({ $0["role"]?.string != nil })
        else {
            throw Failure(
                "\(path) is not a JSON array of {\"role\": …, \"content\": …} objects; correct it.")
        }
        return list
    }

    private func prompt(of messages: [JSONValue], _ vocabulary: ModelVocabulary) throws
        -> PromptText
    {
        let format = try Self.naming("The model \(vocabulary.name)") {
            try ChatFormat(
                source: vocabulary.chatTemplateSource, tokenizer: vocabulary.tokenizer)
        }
        guard case .template(let template, let specialTokens) = format else {
            if let note = format.note { StandardError.note(note) }
            let plain = messages.map {
                ChatMessage(role: $0["role"]?.string ?? "", content: $0["content"]?.string ?? "")
            }
            return try format.render(
                messages: plain, addGenerationPrompt: !noGenerationPrompt
            ).prompt
        }
        // What transformers always defines.
        var context: [(String, JSONValue)] = [
            ("messages", .array(messages)), ("tools", .null), ("documents", .null),
            ("add_generation_prompt", .bool(!noGenerationPrompt)),
        ]
        context += specialTokens.map { ($0.key, .string($0.value)) }
        return try Self.naming("The model \(vocabulary.name)") {
            try template.render(context: .object(.init(uniqueKeysWithValues: context)))
        }
    }

    /// Says whose chat template failed.
    private static func naming<T>(_ name: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as ChatTemplateError {
            throw Failure("\(name): \(error)")
        }
    }
}

/// A JSON file named on the command line.
func readJSON(_ path: String) throws -> JSONValue {
    do {
        return try JSONValue(parsing: Data(try readTextFile(path).utf8))
    } catch let error as JSONSyntaxError {
        throw Failure("\(path), \(error); correct it.")
    }
}
