import Foundation
import LanguageModel

extension Workspace {
    /// Samples replies to a conversation's last turn.
    ///
    /// - Returns: the running reply. What goes wrong after this call is its
    ///   ``ReplyEvent/failed(_:)``.
    public func reply(_ request: ReplyRequest) throws -> Reply {
        let loaded = try requireModel()
        let conversation = try store.conversation(request.conversation)
        guard let leaf = request.message ?? conversation.selectedLeaf,
            !request.variants.isEmpty
        else { throw EngineError.nothingToAnswer }
        var path = try store.path(of: conversation.id, leaf: leaf)
        if request.continues {
            guard path.last?.role == .assistant else { throw EngineError.nothingToAnswer }
        } else {
            while path.last?.role == .assistant { path.removeLast() }
        }
        guard path.contains(where: { $0.role == .user }) else { throw EngineError.nothingToAnswer }

        let channel = ReplyChannel()
        let control = ReplyControl(store: store, channel: channel)
        let run = ReplyRun(
            workspace: self, model: loaded, conversation: conversation, path: path,
            request: request, channel: channel, control: control)
        // Detached: the caller's actor has nothing to do with it.
        Task.detached { await run.run() }
        return Reply(events: channel.events(onCancel: { control.cancelAll() }), control: control)
    }

    /// One more candidate for a finished board, under its first variant's prompt. The events
    /// are those of a reply; nothing is adopted.
    public func addCandidate(to board: Int64, settings: GenerationSettings? = nil) throws -> Reply {
        let loaded = try requireModel()
        let board = try store.board(board)
        guard let variant = board.variants.first,
            variant.modelFingerprint == loaded.info.fingerprint
        else {
            throw EngineError.unknownModel(name: board.modelName, known: [loaded.info.name])
        }
        let channel = ReplyChannel()
        let control = ReplyControl(store: store, channel: channel)
        let sampling =
            settings?.sampling ?? board.candidates.first?.sampling ?? SamplingOptions()
        let taken = Set(board.candidates.map(\.seed))
        var seed = UInt64(UInt32.random(in: 0 ... .max))
        while taken.contains(seed) { seed += 1 }
        let plan = Store.Plan(variant: 0, seed: seed, sampling: sampling)
        let run = ReplyRun(
            workspace: self, model: loaded, addingTo: board, plan: plan, channel: channel,
            control: control)
        Task.detached { await run.run() }
        return Reply(events: channel.events(onCancel: { control.cancelAll() }), control: control)
    }

    /// Probabilities of a template's labels for an input, the most probable first.
    public func labelProbabilities(
        template: Template, input: String, variables: [String: String] = [:]
    ) async throws -> [LabelProbability] {
        let composer = try PromptComposer(model: requireModel())
        let prompt = try composer.compose(
            path: [Self.draftMessage(input, conversation: 0, after: nil)], template: template,
            variables: variables, maxTokens: PromptComposer.smallestReplyRoom)
        return try await LabelScorer(composer: composer, inference: inference).probabilities(
            of: template, prompt: prompt, path: [], variables: variables
        ).labels
    }
}
