import Foundation
import LanguageModel
import Synchronization

/// Everything a front end needs: conversations, templates, models, replies, rankings and
/// rewards.
///
/// Safe to use from any thread. What touches only the store returns within a transaction of
/// SQLite; what needs the model is `async` or a stream.
public final class Workspace: Sendable {
    public let paths: Paths
    /// Conversations, boards and rankings; a front end reads and edits them here.
    public let store: Store
    public let templates: TemplateLibrary
    public let models: ModelLibrary
    public let rewards: RewardLibrary
    public let inference: InferenceActor
    /// Learns reward models; nil where none can be learnt.
    let rewardTrainer: (any RewardTrainer)?
    private let model = Mutex<LoadedModel?>(nil)

    /// Opens the store and the libraries; loads no model.
    ///
    /// - Parameters:
    ///   - openAdapter: as in ``RewardLibrary/init(paths:openAdapter:)``.
    ///   - rewardTrainer: nil where no reward model can be learnt.
    public init(
        paths: Paths = Paths(), inference: InferenceActor = InferenceActor(),
        openAdapter: RewardLibrary.AdapterOpener? = nil, rewardTrainer: (any RewardTrainer)? = nil
    ) throws {
        self.paths = paths
        self.inference = inference
        self.rewardTrainer = rewardTrainer
        store = try Store(path: paths.database)
        templates = TemplateLibrary(paths: paths)
        models = try ModelLibrary(paths: paths)
        rewards = RewardLibrary(paths: paths, openAdapter: openAdapter)
    }

    // MARK: Model

    /// Loads a model by name or path and makes it the one in use; the one before stays where
    /// that fails. `progress` gets shares from 0 to 1.
    @discardableResult
    public func loadModel(
        _ nameOrPath: String, options: ModelOptions = ModelOptions(),
        progress: (@Sendable (Double) -> Void)? = nil
    ) async throws -> LoadedModel {
        let path = try models.path(of: nameOrPath)
        let loaded = try await inference.load(path: path, options: options, progress: progress)
        model.withLock { $0 = loaded }
        return loaded
    }

    /// The model in use.
    public var loadedModel: LoadedModel? { model.withLock { $0 } }

    /// Name of the reward model that scores replies of the model in use; nil is none.
    public var activeRewardName: String? {
        loadedModel == nil ? nil : rewards.activeName
    }

    func requireModel() throws -> LoadedModel {
        guard let loaded = loadedModel else { throw EngineError.noModel }
        return loaded
    }

    // MARK: Prompt

    /// The exact prompt a reply would get now, without sending it. With `draft`, as if that
    /// text had been sent as the next message; without, the prompt of the last turn.
    public func exactPrompt(
        conversation: Int64, variant: ReplyVariant, draft: String? = nil
    ) throws -> ComposedPrompt {
        let composer = try PromptComposer(model: requireModel())
        let owner = try store.conversation(conversation)
        var path = try store.path(of: conversation)
        if let draft {
            path.append(Self.draftMessage(draft, conversation: conversation, after: path.last?.id))
        } else {
            while path.last?.role == .assistant { path.removeLast() }
        }
        return try composer.compose(
            path: path, template: variant.template, systemText: owner.systemText,
            variables: variant.variables, maxTokens: variant.settings.maxTokens)
    }

    /// A token of a prompt as the inspector shows it.
    public struct Piece: Sendable, Equatable {
        public var id: TokenID
        public var text: String
        /// Never comes from a person's text.
        public var isControl: Bool
    }

    /// What each id stands for in the vocabulary of the model in use.
    public func pieces(of ids: [TokenID]) throws -> [Piece] {
        let loaded = try requireModel()
        guard let tokenizer = loaded.tokenizer else {
            throw EngineError.noTokenizer(model: loaded.info.name)
        }
        return ids.map {
            Piece(
                id: $0, text: tokenizer.displayText(of: $0), isControl: tokenizer.isControl($0))
        }
    }

    static func draftMessage(_ text: String, conversation: Int64, after parent: Int64?) -> Message {
        Message(
            id: 0, conversation: conversation, parent: parent, role: .user, text: text,
            createdAt: Date())
    }
}
