import ArgumentParser
import LanguageModel

/// What a reply has to be.
struct ConstraintArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("A GBNF grammar that every reply has to follow.", valueName: "path"))
    var grammar: String?

    @Option(
        name: .customLong("json-schema"),
        help: ArgumentHelp(
            "A JSON Schema that every reply has to satisfy, as JSON.", valueName: "path"))
    var jsonSchema: String?

    func validate() throws {
        if grammar != nil, jsonSchema != nil {
            throw ValidationError("Give --grammar or --json-schema, not both")
        }
    }

    /// The grammar, read before a model is: a mistake in it is said at once.
    func read() throws -> Grammar? {
        do {
            if let grammar { return try Grammar(gbnf: try readTextFile(grammar)) }
            if let jsonSchema { return try Grammar(jsonSchema: try readJSON(jsonSchema)) }
            return nil
        } catch let error as GrammarError {
            throw Failure("\(grammar ?? jsonSchema ?? ""): \(error)")
        }
    }
}
