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
            let arguments = try ModelArguments.parse(name.map { ["-m", $0] } ?? [])
            let path = try arguments.path(in: ModelLibrary(paths: Paths()))
            let model = try ModelDescription.read(path: path)
            if json { return StandardOutput.json(Self.json(model, path: path)) }
            var table = TextTable([])
            table.add(["name", model.name])
            table.add(["path", path])
            table.add(["architecture", model.architecture])
            table.add(["parameters", "\(model.parameterCount.formatted())"])
            let types = model.types.map { "\($0.name) (\($0.tensors) tensors)" }
            let kind = model.info.map { $0.quantization + ": " } ?? ""
            table.add(["types", kind + types.joined(separator: ", ")])
            table.add(["file", byteText(model.fileBytes)])
            if let info = model.info {
                table.add(["layers", "\(info.layerCount), width \(info.embeddingWidth)"])
                table.add(["vocabulary", "\(info.vocabularySize.formatted()) tokens"])
                table.add(["context", "\(info.contextLength.formatted()) tokens"])
            }
            table.add(["tokenizer", model.tokenizer ?? "none: ids only"])
            table.add(["chat template", Self.chatTemplate(of: model)])
            table.add(["license", model.license ?? "not stated"])
            if let info = model.info { table.add(["fingerprint", info.fingerprint]) }
            for problem in model.unsupported { table.add(["not supported", problem]) }
            StandardOutput.write(table.text)
        }

        private static func chatTemplate(of model: ModelDescription) -> String {
            let hash = model.chatTemplateSource.map {
                "sha256 \(SHA256.hexDigest(of: $0).prefix(12))"
            }
            guard let format = model.chatFormat else { return "not usable, \(hash ?? "none")" }
            return format.note ?? hash.map { "yes, \($0)" } ?? "none"
        }

        /// Null where only a model that can be run tells it.
        private static func json(_ model: ModelDescription, path: String) -> JSON {
            let info = model.info
            return .object([
                ("name", .string(model.name)), ("path", .string(path)),
                ("architecture", .string(model.architecture)),
                ("parameterCount", .int(model.parameterCount)),
                ("quantization", JSON(info?.quantization)),
                ("types", .object(model.types.map { ($0.name, .int($0.tensors)) })),
                ("fileBytes", .int(model.fileBytes)), ("layerCount", JSON(info?.layerCount)),
                ("embeddingWidth", JSON(info?.embeddingWidth)),
                ("vocabularySize", JSON(info?.vocabularySize)),
                ("contextLength", JSON(info?.contextLength)),
                ("tokenizer", JSON(model.tokenizer)),
                ("chatTemplate", JSON(model.chatTemplateSource)),
                ("license", JSON(model.license)), ("fingerprint", JSON(info?.fingerprint)),
                ("unsupported", .array(model.unsupported.map { .string($0) })),
            ])
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
