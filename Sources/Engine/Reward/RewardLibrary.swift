import Foundation
import LanguageModel
import Synchronization

/// The reward models at hand and which of them is active.
///
/// Heads lie as `NAME.safetensors` in the data folder's `rewards`, fine-tuned ones as folders
/// `NAME` there; the built-in ones are in the program. The choice, and those before it, are in
/// `active.json` beside them. Before any choice none is active: no score is shown that nobody
/// asked for. What needs one all the same, as best-of-n, takes the built-in `default`.
public final class RewardLibrary: Sendable {
    public struct Entry: Sendable {
        public var name: String
        /// Nil for a built-in one.
        public var path: String?
        public var isActive: Bool
        /// Why it cannot be used, where it cannot.
        public var problem: String?
        public var specification: (any RewardSpecification)?
    }

    /// Opens a fine-tuned reward model's folder over the model in use.
    public typealias AdapterOpener =
        @Sendable (_ folder: String, _ model: LoadedModel) throws -> any RewardModel

    public static let defaultName = "default"

    private struct Choice: Codable {
        /// Names, the newest choice last; nil is no reward model.
        var history: [String?] = []
    }

    private let folder: String
    private let openAdapter: AdapterOpener?
    private let heads = Mutex<[String: FeatureRewardModel]>([:])
    /// Of fine-tuned models only the last is kept: each holds the weights of its base.
    private let adapter = Mutex<(key: String, model: any RewardModel)?>(nil)

    /// - Parameter openAdapter: nil where fine-tuned reward models cannot be used.
    public init(paths: Paths, openAdapter: AdapterOpener? = nil) {
        folder = paths.rewards
        self.openAdapter = openAdapter
    }

    // MARK: What there is

    /// Reward models by name, broken ones with their problem; the built-in ones last.
    public func list() -> [Entry] {
        let active = activeName
        return (ownNames() + Self.builtInNames.filter { !isOwn($0) }).map { name in
            var entry = Entry(
                name: name, path: ownPath(of: name), isActive: name == active, problem: nil,
                specification: nil)
            do { entry.specification = try specification(name) } catch {
                entry.problem = error.sentence
            }
            return entry
        }
    }

    /// Where a head of this name is or would be written.
    public func path(of name: String) -> String { "\(folder)/\(name).safetensors" }

    /// `base`, or `base-2`, `base-3`, …: an older reward model is never written over unasked.
    public func freeName(_ base: String) -> String {
        let taken = Set(list().map(\.name))
        guard taken.contains(base) else { return base }
        return (2...).lazy.map { "\(base)-\($0)" }.first { !taken.contains($0) } ?? base
    }

    /// Where the folder of a fine-tuned model of this name is or would be written.
    public func adapterPath(of name: String) -> String { "\(folder)/\(name)" }

    /// What is known of a reward model by name or path, read without the base model.
    public func specification(_ nameOrPath: String) throws -> any RewardSpecification {
        if let folder = adapterFolder(nameOrPath) {
            guard let found = try AdapterRewardSpecification.read(folder: folder) else {
                throw EngineError.invalidReward(
                    path: folder,
                    reason: "it has no \(AdapterRewardSpecification.fileName), so nothing is "
                        + "known of how it was made")
            }
            return found
        }
        return try head(nameOrPath).specification
    }

    /// A reward model by name or path, over the model in use.
    ///
    /// - Throws: ``EngineError``, also where it was made for another base model.
    public func load(_ nameOrPath: String, for model: LoadedModel) throws -> any RewardModel {
        guard let folder = adapterFolder(nameOrPath) else { return try head(nameOrPath) }
        guard let openAdapter else {
            throw EngineError.invalidReward(
                path: folder, reason: "fine-tuned reward models cannot be used here")
        }
        let key = "\(folder)\n\(model.info.fingerprint)\n\(Self.date(folder))"
        if let known = adapter.withLock({ $0?.key == key ? $0?.model : nil }) { return known }
        let opened = try openAdapter(folder, model)
        adapter.withLock { $0 = (key, opened) }
        return opened
    }

    /// A head by name or path.
    public func head(_ nameOrPath: String) throws -> FeatureRewardModel {
        let isPath = nameOrPath.contains("/") || nameOrPath.hasSuffix(".safetensors")
        let file = isPath ? Paths.expand(nameOrPath) : path(of: nameOrPath)
        guard FileManager.default.fileExists(atPath: file) else {
            if !isPath, let builtIn = try builtIn(nameOrPath) { return builtIn }
            throw EngineError.unknownReward(
                name: nameOrPath, known: ownNames() + Self.builtInNames)
        }
        let key = "\(file)\n\(Self.date(file))"
        if let model = heads.withLock({ $0[key] }) { return model }
        var model = try FeatureRewardModel(contentsOf: file)
        // The file's name tells apart what was trained alike.
        let name = URL(fileURLWithPath: file).lastPathComponent
        model.specification.name =
            name.hasSuffix(".safetensors") ? String(name.dropLast(".safetensors".count)) : name
        heads.withLock { $0[key] = model }
        return model
    }

    // MARK: Which is active

    /// Name of the active model; nil is none.
    public var activeName: String? { choice().history.last ?? nil }

    /// Whether a person has chosen what is active, be it none.
    public var isChosen: Bool { !choice().history.isEmpty }

    /// The active model; nil where none was chosen.
    public func active(for model: LoadedModel) throws -> (any RewardModel)? {
        guard let name = activeName else { return nil }
        return try load(name, for: model)
    }

    /// The model for a command that cannot do without one: the active one, or where nobody has
    /// chosen the built-in default, for the base model that it was made for.
    public func usable(for model: LoadedModel) throws -> (any RewardModel)? {
        if isChosen { return try active(for: model) }
        guard let builtIn = try builtIn(Self.defaultName),
            builtIn.specification.baseFingerprint == model.info.fingerprint
        else { return nil }
        return try load(Self.defaultName, for: model)
    }

    /// Makes a model active (nil: none). It must load.
    public func activate(_ name: String?) throws {
        if let name { _ = try specification(name) }
        var choice = choice()
        if isChosen, (choice.history.last ?? nil) == name { return }
        choice.history.append(name)
        choice.history = choice.history.suffix(20)
        try save(choice)
    }

    /// Goes back to the choice before; returns its name.
    @discardableResult
    public func revert() throws -> String? {
        var choice = choice()
        _ = choice.history.popLast()
        try save(choice)
        return activeName
    }

    // MARK: Files

    private static var builtInNames: [String] { EmbeddedAssets.rewards.map(\.name) }

    /// The card that comes with a built-in model; nil for others.
    public func builtInCard(_ name: String) -> String? {
        isOwn(name) ? nil : EmbeddedAssets.rewards.first { $0.name == name }?.card
    }

    private func builtIn(_ name: String) throws -> FeatureRewardModel? {
        guard let asset = EmbeddedAssets.rewards.first(where: { $0.name == name }) else {
            return nil
        }
        if let model = heads.withLock({ $0["built-in \(name)"] }) { return model }
        guard let data = Data(base64Encoded: asset.base64, options: .ignoreUnknownCharacters)
        else { throw EngineError.invalidReward(path: name, reason: "it is not whole") }
        let model = try FeatureRewardModel(data, path: name)
        heads.withLock { $0["built-in \(name)"] = model }
        return model
    }

    private func isOwn(_ name: String) -> Bool { ownPath(of: name) != nil }

    private func ownPath(of name: String) -> String? {
        [path(of: name), adapterPath(of: name)].first {
            FileManager.default.fileExists(atPath: $0)
        }
    }

    private func ownNames() -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.compactMap { file in
            if file.hasSuffix(".checkpoint.safetensors") { return nil }
            if file.hasSuffix(".safetensors") {
                return String(file.dropLast(".safetensors".count))
            }
            return adapterFolder(file) == nil ? nil : file
        }.sorted()
    }

    /// The folder of an adapter by name or path; nil where there is none.
    private func adapterFolder(_ nameOrPath: String) -> String? {
        let path =
            nameOrPath.contains("/") ? Paths.expand(nameOrPath) : adapterPath(of: nameOrPath)
        return FileManager.default.fileExists(atPath: path + "/adapter_config.json") ? path : nil
    }

    private static func date(_ path: String) -> Double {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    }

    private func choice() -> Choice {
        guard let data = FileManager.default.contents(atPath: folder + "/active.json"),
            let choice = try? JSONDecoder().decode(Choice.self, from: data)
        else { return Choice() }
        return choice
    }

    private func save(_ choice: Choice) throws {
        try AtomicFile.write(try JSONEncoder().encode(choice), to: folder + "/active.json")
    }
}
