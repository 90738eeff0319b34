import ArgumentParser
import Engine
import Foundation
import LanguageModel

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Turn text on standard input into token ids, or ids into text.")

    @OptionGroup var model: ModelArguments

    @OptionGroup var reading: TextReadingArguments

    @Flag(help: "Read a JSON array of ids and print their text.")
    var detokenize = false

    func run() throws {
        let tokenizer = try ModelVocabulary(model).requiredTokenizer
        let input = try StandardInput.text()
        if detokenize {
            let ids = try tokenIDs(input, below: tokenizer.vocabularySize)
            StandardOutput.line(Detokenizer.text(of: ids, tokenizer, showsControl: true))
        } else {
            StandardOutput.json(JSON(ids: reading.ids(of: input, tokenizer)))
        }
    }

    private func tokenIDs(_ text: String, below size: Int) throws -> [TokenID] {
        guard let ids = try? JSONDecoder().decode([TokenID].self, from: Data(text.utf8)) else {
            throw Failure("Standard input is not a JSON array of token ids such as [1, 2, 3].")
        }
        try check(ids, below: size)
        return ids
    }
}

/// How a text on standard input becomes ids.
struct TextReadingArguments: ParsableArguments {
    @Flag(help: "Read control tokens such as <|im_end|> in the text as what they are.")
    var parseSpecial = false

    @Flag(name: .customLong("add-bos"), help: "Put the model's BOS first where it wants one.")
    var addsBOS = false

    func ids(of text: String, _ tokenizer: any Tokenizer) -> [TokenID] {
        let ids = tokenizer.encode(text, parseSpecial: parseSpecial)
        return addsBOS ? tokenizer.specialTokens.afterBOS(ids) : ids
    }
}

extension ModelVocabulary {
    /// Of the model that was named; its weights are not read.
    init(_ arguments: ModelArguments, paths: Paths = Paths()) throws {
        self = try .open(path: arguments.path(in: ModelLibrary(paths: paths)))
    }

    var requiredTokenizer: any Tokenizer {
        get throws {
            guard let tokenizer else { throw EngineError.noTokenizer(model: name) }
            return tokenizer
        }
    }
}

/// Refuses ids that the model does not have.
func check(_ ids: [TokenID], below vocabularySize: Int) throws {
    if let wrong = ids.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
        throw Failure(
            "The id \(wrong) is not in the model's vocabulary, which ends at "
                + "\(vocabularySize - 1).")
    }
}
