import Foundation
import LanguageModel

/// A model on this machine.
public struct InstalledModel: Sendable, Equatable {
    /// The catalogue's name, or the file's without its ending.
    public var name: String
    /// A GGUF file or a Hugging Face folder.
    public var path: String
    /// All files together.
    public var bytes: Int
    /// Nil for files that did not come from the catalogue.
    public var entry: CatalogueEntry?
}

/// Names to files: what is installed and what can be pulled. Models lie in the data folder's
/// `models`; any path to a GGUF file or a Hugging Face folder does as well.
public final class ModelLibrary: Sendable {
    /// What can be pulled; the first is the default.
    public let catalogue: [CatalogueEntry]
    public let folder: String

    public init(paths: Paths) throws {
        folder = paths.models
        catalogue = try ModelCatalogue.read(EmbeddedAssets.models, path: "models.yaml")
    }

    /// Models in the models folder, by name.
    public func installed() -> [InstalledModel] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.compactMap { file in
            let path = "\(folder)/\(file)"
            guard let bytes = Self.modelBytes(at: path) else { return nil }
            let entry = catalogue.first { $0.file == file }
            return InstalledModel(
                name: entry?.name ?? (file.hasSuffix(".gguf") ? String(file.dropLast(5)) : file),
                path: path, bytes: bytes, entry: entry)
        }.sorted { $0.name < $1.name }
    }

    /// File or folder of a model by name, file name or path.
    public func path(of nameOrPath: String) throws -> String {
        let installed = installed()
        if let known = installed.first(where: {
            $0.name == nameOrPath || NSString(string: $0.path).lastPathComponent == nameOrPath
        }) {
            return known.path
        }
        let path = Paths.expand(nameOrPath)
        if FileManager.default.fileExists(atPath: path) { return path }
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".gguf") {
            throw EngineError.file(path: path, reason: "there is no such file")
        }
        let names = Set(installed.map(\.name) + catalogue.map(\.name))
        throw EngineError.unknownModel(name: nameOrPath, known: names.sorted())
    }

    /// The model to use where none was named: `RIPOSTE_MODEL`, the catalogue's default, or
    /// else the first installed; nil where there is none.
    public func defaultPath(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        if let named = environment["RIPOSTE_MODEL"], !named.isEmpty {
            return (try? path(of: named)) ?? Paths.expand(named)
        }
        let installed = installed()
        let first = catalogue.first.flatMap { entry in installed.first { $0.entry == entry } }
        return (first ?? installed.first)?.path
    }

    /// Deletes an installed model. Only what lies in the models folder can be removed.
    public func remove(_ name: String) throws {
        guard
            let model = installed().first(where: {
                $0.name == name || NSString(string: $0.path).lastPathComponent == name
            })
        else {
            throw EngineError.unknownModel(name: name, known: installed().map(\.name))
        }
        do {
            try FileManager.default.removeItem(atPath: model.path)
        } catch {
            throw EngineError.file(path: model.path, reason: error.sentence)
        }
    }

    /// Downloads a model of the catalogue: goes on where it was cut, checks size and SHA-256,
    /// and moves the file into place when it is whole. Cancelling the task keeps what has
    /// come so far. A model that is there already is not fetched again.
    @discardableResult
    public func pull(
        _ name: String, progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in }
    ) async throws -> InstalledModel {
        guard let entry = catalogue.first(where: { $0.name == name || $0.file == name }) else {
            throw EngineError.unknownModel(name: name, known: catalogue.map(\.name))
        }
        let path = "\(folder)/\(entry.file)"
        if Self.modelBytes(at: path) != entry.bytes {
            try await ModelDownloader(folder: folder).download(entry, to: path, progress: progress)
        }
        progress(.finished)
        return InstalledModel(name: entry.name, path: path, bytes: entry.bytes, entry: entry)
    }

    /// Size of a model's files; nil for anything else.
    private static func modelBytes(at path: String) -> Int? {
        let manager = FileManager.default
        var isFolder: ObjCBool = false
        guard manager.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        func size(_ path: String) -> Int {
            // Through links: a model may be a link to a file elsewhere.
            let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            return (try? manager.attributesOfItem(atPath: real)[.size] as? Int) ?? 0
        }
        guard isFolder.boolValue else { return path.hasSuffix(".gguf") ? size(path) : nil }
        guard manager.fileExists(atPath: path + "/config.json") else { return nil }
        let files = (try? manager.contentsOfDirectory(atPath: path)) ?? []
        return files.reduce(0) { $0 + size("\(path)/\($1)") }
    }
}
