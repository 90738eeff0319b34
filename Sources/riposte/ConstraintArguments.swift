import ArgumentParser
import Engine
import LanguageModel

/// What a reply has to be.
struct ConstraintArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("A GBNF grammar that every reply has to follow.", valueName: "path"))
    var grammar: String?

    @Option(
        name: .customLong("json-schema"),
        help: ArgumentHelp(
            "A JSON Schema that every reply has to satisfy, as JSON that is whole within "
                + "--max-tokens.", valueName: "path"))
    var jsonSchema: String?

    func validate() throws {
        if grammar != nil, jsonSchema != nil {
            throw ValidationError("Give --grammar or --json-schema, not both")
        }
    }

    /// What was given, read before a model is: a mistake in it is said at once.
    func read() throws -> Template.Constraint? {
        do {
            var constraint: Template.Constraint?
            if let grammar { constraint = .grammar(try readTextFile(grammar)) }
            if let jsonSchema { constraint = .jsonSchema(try readJSON(jsonSchema)) }
            _ = try constraint?.grammar()
            return constraint
        } catch let error as GrammarError {
            throw Failure("\(grammar ?? jsonSchema ?? ""): \(error)")
        }
    }
}
