import Foundation
import LanguageModel

/// Everything a front end needs: conversations, templates, models, replies, rankings and
/// rewards. Safe to use from any thread. What touches only the store returns at once (a
/// transaction of SQLite); what needs the model is `async`.
public final class Workspace: Sendable {
    public let paths: Paths
    public let store: Store
    public let templates: TemplateLibrary
    public let models: ModelLibrary
    public let rewards: RewardLibrary
    public let inference: InferenceActor

    /// Opens the store and the libraries; loads no model.
    public init(paths: Paths = Paths(), inference: InferenceActor = InferenceActor()) throws {
        self.paths = paths
        self.inference = inference
        store = try Store(path: paths.database)
        templates = TemplateLibrary(paths: paths)
        models = try ModelLibrary(paths: paths)
        rewards = RewardLibrary(paths: paths)
    }

    // MARK: Model

    /// Loads a model by name or path and makes it the one in use. `progress` gets 0 to 1.
    @discardableResult
    public func loadModel(
        _ nameOrPath: String, options: ModelOptions = ModelOptions(),
        progress: (@Sendable (Double) -> Void)? = nil
    ) async throws -> LoadedModel {
        fatalError("being written")
    }

    /// The model in use.
    public var loadedModel: LoadedModel? { fatalError("being written") }

    // MARK: Reply

    /// Samples replies. Fails where nothing can be answered; what goes wrong later is the
    /// stream's ``ReplyEvent/failed(_:)``.
    public func reply(_ request: ReplyRequest) throws -> Reply { fatalError("being written") }

    /// One more candidate for a finished board; its events are those of a reply, without
    /// adoption.
    public func addCandidate(to board: Int64, settings: GenerationSettings? = nil) throws -> Reply {
        fatalError("being written")
    }

    /// The exact prompt a request's variant would send, without sending it. With `draft`, as
    /// if that text had been sent as the next message.
    public func exactPrompt(
        conversation: Int64, variant: ReplyVariant, draft: String? = nil
    ) throws -> ComposedPrompt {
        fatalError("being written")
    }

    /// Prompt ids of `prompt` as text pieces, special ones marked, for the inspector.
    public func pieces(of ids: [TokenID]) -> [(id: TokenID, text: String, isControl: Bool)] {
        fatalError("being written")
    }

    /// Probabilities of a template's labels for an input, the most probable first.
    public func labelProbabilities(
        template: Template, input: String, variables: [String: String] = [:]
    ) async throws -> [LabelProbability] {
        fatalError("being written")
    }

    // MARK: Ranking

    /// Stores a ranking and makes the best candidate (or `chosen`) the conversation's reply.
    /// The record is on disk before the message.
    ///
    /// - Returns: the stored ranking, and the message where one was adopted: none for "all
    ///   bad" without `chosen`. Of several best, the first in display order is taken.
    @discardableResult
    public func submit(_ ranking: Ranking, chosen: Int64? = nil) throws -> (Ranking, Message?) {
        fatalError("being written")
    }

    /// Makes a candidate the conversation's reply, without ranking.
    @discardableResult
    public func accept(_ candidate: Int64) throws -> Message { fatalError("being written") }

    /// Takes a ranking back: a record too, so nothing is lost. The reply stays.
    public func retract(ranking: Int64) throws { fatalError("being written") }

    /// A person's edit of a candidate: a new candidate, and the ranking of the edited over the
    /// original.
    public func edit(candidate: Int64, text: String, secondsTaken: Double) throws -> Candidate {
        fatalError("being written")
    }

    /// Scores a board's candidates with the active reward model and stores the scores.
    @discardableResult
    public func rescore(board: Int64) async throws -> [Int64: Double] {
        fatalError("being written")
    }
}
