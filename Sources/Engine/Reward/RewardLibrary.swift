import Foundation
import Synchronization

/// The reward models at hand and which of them is active.
///
/// Heads lie as `NAME.safetensors` in the data folder's `rewards`; the built-in one is in the
/// program. The choice, and those before it, are in `active.json` beside them.
public final class RewardLibrary: Sendable {
    public struct Entry: Sendable, Equatable {
        public var name: String
        /// Nil for the built-in one.
        public var path: String?
        public var isActive: Bool
        /// Why it cannot be used, where it cannot.
        public var problem: String?
        public var specification: FeatureRewardModel.Specification?
    }

    private struct Choice: Codable {
        /// Names, the newest choice last; nil is no reward model.
        var history: [String?] = []
    }

    private let folder: String
    private let cache = Mutex<[String: FeatureRewardModel]>([:])

    public init(paths: Paths) {
        folder = paths.rewards
    }

    /// Reward models by name, broken ones with their problem.
    public func list() -> [Entry] {
        let active = activeName
        var entries: [Entry] = []
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for file in names.sorted() where file.hasSuffix(".safetensors") {
            let name = String(file.dropLast(".safetensors".count))
            do {
                let model = try load(name)
                entries.append(
                    Entry(
                        name: name, path: path(of: name), isActive: name == active, problem: nil,
                        specification: model.specification))
            } catch {
                entries.append(
                    Entry(
                        name: name, path: path(of: name), isActive: name == active,
                        problem: error.sentence, specification: nil))
            }
        }
        return entries
    }

    /// Where a model of this name is or would be written.
    public func path(of name: String) -> String { "\(folder)/\(name).safetensors" }

    /// A reward model by name or path.
    public func load(_ nameOrPath: String) throws -> FeatureRewardModel {
        let isPath = nameOrPath.contains("/") || nameOrPath.hasSuffix(".safetensors")
        let file = isPath ? Paths.expand(nameOrPath) : path(of: nameOrPath)
        guard FileManager.default.fileExists(atPath: file) else {
            throw EngineError.unknownReward(name: nameOrPath, known: knownNames())
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: file)
        let date = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        let key = "\(file)\n\(date)"
        if let model = cache.withLock({ $0[key] }) { return model }
        let model = try FeatureRewardModel(contentsOf: file)
        cache.withLock { $0[key] = model }
        return model
    }

    /// Name of the active model; nil is none.
    public var activeName: String? { choice().history.last ?? nil }

    /// The active model; nil where none was chosen.
    public func active() throws -> FeatureRewardModel? {
        guard let name = activeName else { return nil }
        return try load(name)
    }

    /// Makes a model active (nil: none). It must load.
    public func activate(_ name: String?) throws {
        if let name { _ = try load(name) }
        var choice = choice()
        if (choice.history.last ?? nil) == name { return }
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
        return choice.history.last ?? nil
    }

    private func knownNames() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".safetensors") }
            .map { String($0.dropLast(".safetensors".count)) }.sorted()
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
