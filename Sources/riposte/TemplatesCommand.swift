import ArgumentParser
import Engine
import Foundation

struct TemplatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "templates", abstract: "List, show and check templates.",
        subcommands: [List.self, Show.self, Check.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the built-in templates and your own.")

        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let library = TemplateLibrary(paths: Paths())
            let templates = library.all()
            if json {
                StandardOutput.json(.array(templates.map(\.summary)))
            } else {
                var table = TextTable(["name", "examples", "labels", "description"], right: [1])
                for template in templates {
                    table.add([
                        template.name, "\(template.examples.count)",
                        template.labels.joined(separator: ", "),
                        template.description + (template.path.map { " (\($0))" } ?? ""),
                    ])
                }
                StandardOutput.write(table.text)
            }
            for problem in library.problems { StandardError.note(problem.reason) }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a template as its file has it.")

        @Argument(help: "A template's name or file.") var name: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let template = try TemplateLibrary(paths: Paths()).template(name)
            if json { return StandardOutput.json(template.detail) }
            StandardOutput.write(try template.yaml())
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check template files without using them.",
            discussion: "The status is 1 if one of them has an error.")

        @Argument(help: "Files, or names of templates; all of yours where absent.")
        var files: [String] = []

        func run() throws {
            let library = TemplateLibrary(paths: Paths())
            var failures = 0
            func report(_ error: any Error) {
                failures += 1
                StandardError.note(error.sentence)
            }
            for file in files {
                do {
                    let template = try library.template(file)
                    StandardOutput.line("\(file): ok, \(template.outline)")
                } catch {
                    report(error)
                }
            }
            if files.isEmpty {
                for template in library.all() {
                    StandardOutput.line(
                        "\(template.path ?? template.name): ok, \(template.outline)")
                }
                for problem in library.problems {
                    failures += 1
                    StandardError.note(problem.reason)
                }
            }
            if failures > 0 { throw ExitCode(1) }
        }
    }
}

extension Template {
    /// One line of what it has.
    var outline: String {
        var parts = ["template \"\(name)\"", "\(examples.count) examples"]
        if !labels.isEmpty { parts.append("\(labels.count) labels") }
        if !variables.isEmpty {
            parts.append("variables " + variables.keys.sorted().joined(separator: ", "))
        }
        return parts.joined(separator: ", ")
    }

    var summary: JSON {
        .object([
            ("name", .string(name)), ("description", .string(description)),
            ("mode", .string(mode.rawValue)), ("examples", .int(examples.count)),
            ("labels", .array(labels.map(JSON.string))), ("path", JSON(path)),
            ("hash", .string(hash)),
        ])
    }

    var detail: JSON {
        let settings: [(String, JSON)] = [
            ("temperature", JSON(sampling.temperature)), ("top_k", JSON(sampling.topK)),
            ("top_p", JSON(sampling.topP)), ("min_p", JSON(sampling.minP)),
            ("repetition_penalty", JSON(sampling.repetitionPenalty)),
            ("max_tokens", JSON(sampling.maxTokens)),
        ]
        return .object([
            ("name", .string(name)), ("description", .string(description)),
            ("mode", .string(mode.rawValue)), ("system", JSON(system)),
            (
                "examples",
                .array(
                    examples.map {
                        .object([("user", .string($0.user)), ("assistant", .string($0.assistant))])
                    })
            ),
            ("input", .string(input)),
            (
                "variables",
                .object(variables.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) })
            ),
            ("labels", .array(labels.map(JSON.string))),
            ("stop", .array(stop.map(JSON.string))), ("sampling", .object(settings)),
            ("path", JSON(path)), ("hash", .string(hash)),
        ])
    }
}
