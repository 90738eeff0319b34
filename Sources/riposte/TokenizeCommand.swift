import ArgumentParser
import Engine
import Foundation
import LanguageModel

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Turn text on standard input into token ids, or ids into text.")

    @OptionGroup var model: ModelArguments

    @Flag(help: "Read control tokens such as <|im_end|> in the text as what they are.")
    var parseSpecial = false

    @Flag(name: .customLong("add-bos"), help: "Put the model's BOS first where it wants one.")
    var addsBOS = false

    @Flag(help: "Read a JSON array of ids and print their text.")
    var detokenize = false

    func run() throws {
        let tokenizer = try ModelVocabulary(model).requiredTokenizer
        let input = try StandardInput.text()
        if detokenize {
            let ids = try tokenIDs(input, below: tokenizer.vocabularySize)
            StandardOutput.line(Detokenizer.text(of: ids, tokenizer, showsControl: true))
        } else {
            StandardOutput.json(
                JSON(ids: tokenizer.ids(of: input, parseSpecial: parseSpecial, addsBOS: addsBOS)))
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

extension Tokenizer {
    /// Ids of a text, after BOS where it is asked for and the model wants one.
    func ids(of text: String, parseSpecial: Bool, addsBOS: Bool) -> [TokenID] {
        let ids = encode(text, parseSpecial: parseSpecial)
        guard addsBOS, specialTokens.addsBOS, let bos = specialTokens.bos, ids.first != bos else {
            return ids
        }
        return [bos] + ids
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
