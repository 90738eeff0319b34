import ArgumentParser
import Engine
import Foundation
import LanguageModel

struct LogprobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logprobs",
        abstract: "Print the log-probability of each token given those before it.",
        discussion: """
            A JSON line a position: "logprob" is the natural logarithm of the probability of this \
            token given those before it, null for the first; "top" are the most probable next \
            tokens.
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: ArgumentHelp("Token ids in place of text, as 5,6,7.", valueName: "ids"))
    var ids: String?

    @Option(help: "How many of the most probable next tokens to print.")
    var top = 0

    @OptionGroup var reading: TextReadingArguments

    func validate() throws {
        guard (0...1_000_000).contains(top) else { throw ValidationError("--top takes 0 or more") }
    }

    func run() throws {
        let given = try ids.map(parse)
        let text = try given == nil ? StandardInput.text() : ""
        let session = try ModelSession(model)
        let ids = try given ?? reading.ids(of: text, session.tokenizer)
        try check(ids, below: session.loaded.info.vocabularySize)
        guard !ids.isEmpty else {
            throw Failure("There is nothing to score: give --ids or text on standard input.")
        }
        guard ids.count <= session.loaded.contextLength else {
            throw Failure(
                "The text has \(ids.count) tokens and the context \(session.loaded.contextLength); "
                    + "shorten the text.")
        }
        let positions = try session.generator.logProbabilities(of: ids, top: top)
        var lines = ""
        for (position, scored) in positions.enumerated() {
            lines +=
                JSON.object([
                    ("position", .int(position)), ("id", .int(Int(scored.id))),
                    ("logprob", JSON(scored.logProbability)),
                    (
                        "top",
                        .array(
                            scored.top.map { .array([.int(Int($0.id)), JSON($0.logProbability)]) })
                    ),
                ]).text + "\n"
        }
        StandardOutput.write(lines)
    }

    private func parse(_ list: String) throws -> [TokenID] {
        try list.split(separator: ",").map { part in
            guard let id = TokenID(part.trimmingCharacters(in: .whitespaces)) else {
                throw Failure("--ids takes numbers as 5,6,7, not '\(part)'.", status: 2)
            }
            return id
        }
    }
}
