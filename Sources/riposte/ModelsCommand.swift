import ArgumentParser
import Engine
import Foundation
import LanguageModel

struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List, fetch, look at and remove models.",
        subcommands: [List.self, Pull.self, Show.self, Remove.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the models on this machine and those that can be pulled.")

        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let library = try ModelLibrary(paths: Paths())
            let installed = library.installed()
            let standard = library.defaultPath()
            let names = Set(installed.map(\.name))
            let remote = library.catalogue.filter { !names.contains($0.name) }
            if json {
                let here = installed.map { model in
                    JSON.object([
                        ("name", .string(model.name)), ("installed", .bool(true)),
                        ("default", .bool(model.path == standard)), ("path", .string(model.path)),
                        ("bytes", .int(model.bytes)), ("license", JSON(model.entry?.license)),
                    ])
                }
                let there = remote.map { entry in
                    JSON.object([
                        ("name", .string(entry.name)), ("installed", .bool(false)),
                        ("default", .bool(false)), ("path", .null), ("bytes", .int(entry.bytes)),
                        ("license", .string(entry.license)),
                    ])
                }
                return StandardOutput.json(.array(here + there))
            }
            var table = TextTable(["name", "size", "", "where"], right: [1])
            for model in installed {
                table.add([
                    model.name, byteText(model.bytes), model.path == standard ? "default" : "",
                    model.path,
                ])
            }
            for entry in remote {
                table.add([
                    entry.name, byteText(entry.bytes), "",
                    "to be had by 'riposte models pull \(entry.name)': \(entry.description)",
                ])
            }
            StandardOutput.write(table.text)
        }
    }

    struct Pull: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch a model, check it, and move it into place.")

        @Argument(help: "A name of 'riposte models list'.") var name: String
        @Flag(help: "Do nothing, quietly, where the model is there already.") var ifAbsent = false
        @Flag(help: "Show no progress.") var quiet = false

        func run() async throws {
            let library = try ModelLibrary(paths: Paths())
            if ifAbsent, library.installed().contains(where: { $0.entry?.name == name }) { return }
            let bar = ProgressBar(title: name, isQuiet: quiet)
            let model: InstalledModel
            do {
                model = try await library.pull(name) { bar.show($0) }
            } catch {
                bar.clear()
                throw error
            }
            bar.clear()
            if !quiet { StandardError.write("\(model.name) is in \(model.path)\n") }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a model is: architecture, size, types, context, license.")

        @Argument(help: "A model's path or name; the default model where absent.") var name: String?
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            var arguments = ModelArguments()
            arguments = try ModelArguments.parse(name.map { ["-m", $0] } ?? [])
            let session = try ModelSession(arguments)
            let info = session.loaded.info
            if json { return StandardOutput.json(try JSON(encoding: info)) }
            var table = TextTable([])
            table.add(["name", info.name])
            table.add(["path", info.path])
            table.add(["architecture", info.architecture])
            table.add(["parameters", "\(info.parameterCount.formatted())"])
            table.add(["types", info.quantization])
            table.add(["file", byteText(info.fileBytes)])
            table.add(["layers", "\(info.layerCount), width \(info.embeddingWidth)"])
            table.add(["vocabulary", "\(info.vocabularySize.formatted()) tokens"])
            table.add([
                "context",
                "\(info.contextLength.formatted()) tokens trained for, "
                    + "\(session.loaded.contextLength.formatted()) in use",
            ])
            table.add(["tokenizer", session.loaded.tokenizer == nil ? "none: ids only" : "yes"])
            table.add(["chat template", chatTemplate(of: session.loaded)])
            table.add(["license", info.license ?? "not stated"])
            table.add(["fingerprint", info.fingerprint])
            StandardOutput.write(table.text)
        }

        private func chatTemplate(of loaded: LoadedModel) -> String {
            if let problem = loaded.chatTemplateProblem { return "not usable: \(problem)" }
            if let note = loaded.chatRenderer?.note { return note }
            return loaded.chatTemplateHash.map { "yes, sha256 \($0.prefix(12))" } ?? "none"
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a model that was pulled.")

        @Argument(help: "A name of 'riposte models list'.") var name: String

        func run() throws {
            try ModelLibrary(paths: Paths()).remove(name)
        }
    }
}
