import Foundation
import LanguageModel

extension Workspace {
    /// Stores a ranking, then makes the best candidate (or `chosen`) the conversation's reply.
    ///
    /// Of several best the first in display order is taken; "all bad" adopts nothing without
    /// `chosen`. A vote on an earlier turn, from which the conversation has gone on, is stored
    /// and leaves the path alone unless `chosen` is given.
    ///
    /// - Returns: the stored ranking, and the message where one was adopted.
    @discardableResult
    public func submit(_ ranking: Ranking, chosen: Int64? = nil) throws -> (Ranking, Message?) {
        let stored = try store.append(ranking)
        let board = try store.board(ranking.board)
        if let chosen { return (stored, try accept(chosen)) }
        guard let top = ranking.ranks.values.min() else { return (stored, nil) }
        let best = ranking.ranks.filter { $0.value == top }.map(\.key)
        let first = ranking.displayOrder.first(where: best.contains) ?? best.min()
        guard let first, try isLastTurn(board),
            let candidate = board.candidates.first(where: { $0.id == first })
        else { return (stored, nil) }
        return (stored, try adopt(candidate, of: board, selects: .always))
    }

    /// Makes a candidate the conversation's reply, without ranking.
    @discardableResult
    public func accept(_ candidate: Int64) throws -> Message {
        let (found, boardID) = try store.candidate(candidate)
        return try adopt(found, of: store.board(boardID), selects: .always)
    }

    /// Takes a ranking back. It stays in the store as a record and counts no more; the reply
    /// that was adopted stays.
    public func retract(ranking: Int64) throws { try store.retract(ranking: ranking) }

    /// A person's own version of a candidate: a new candidate of the board, and the ranking of
    /// the edited over the original.
    public func edit(
        candidate: Int64, text: String, secondsTaken: Double, scoresVisible: Bool = false,
        isBlind: Bool = false
    ) throws -> Candidate {
        let loaded = try requireModel()
        var ids = loaded.tokenizer?.encode(text) ?? []
        if let end = loaded.endOfTurn { ids.append(end) }
        let (_, board) = try store.candidate(candidate)
        let edited = try store.addEdited(candidate, text: text, ids: ids)
        _ = try store.append(
            Ranking(
                board: board, ranks: [edited.id: 1, candidate: 2],
                displayOrder: [candidate, edited.id], scoresVisible: scoresVisible,
                isBlind: isBlind, secondsTaken: secondsTaken))
        return edited
    }

    /// Scores a board's candidates with the active reward model and stores the scores; nothing
    /// where none is active.
    @discardableResult
    public func rescore(board: Int64) async throws -> [Int64: Double] {
        let model = try requireModel()
        guard let reward = try rewards.active(for: model) else { return [:] }
        _ = try reward.check(model)
        let board = try store.board(board)
        let own = board.candidates.filter {
            board.variant(of: $0)?.modelFingerprint == model.info.fingerprint
        }
        return try await scores(of: own, on: board, by: reward)
    }

    /// How a reward model is named beside its scores.
    public static func label(of reward: any RewardModel) -> String {
        "\(reward.name) \(reward.fingerprint.prefix(12))"
    }

    /// Scores candidates, each group that shares a prompt together, and stores the scores.
    func scores(
        of candidates: [Candidate], on board: Board, by reward: any RewardModel
    ) async throws -> [Int64: Double] {
        var result: [Int64: Double] = [:]
        for index in board.variants.indices {
            let group = candidates.filter { $0.variant == index }
            guard !group.isEmpty else { continue }
            let scores = try await inference.score(
                prompt: board.variants[index].promptIDs, replies: group.map(\.ids), by: reward)
            for (candidate, score) in zip(group, scores) { result[candidate.id] = score }
        }
        try store.setRewards(result, model: Self.label(of: reward))
        return result
    }

    enum Selection {
        case always
        /// Only where the selected leaf is still this one: the person has not gone elsewhere.
        case ifUnchanged(Int64?)
    }

    /// The message of a candidate: the one there is, or a new one.
    func adopt(_ candidate: Candidate, of board: Board, selects: Selection) throws -> Message {
        let selected = try store.conversation(board.conversation).selectedLeaf
        let siblings = try store.children(of: board.parent, in: board.conversation)
        let message: Message
        if let known = siblings.first(where: { $0.candidate == candidate.id }) {
            message = known
            try store.select(known.id)
        } else {
            let prefix = board.variant(of: candidate)?.prefix ?? ""
            message = try store.add(
                prefix + candidate.text, role: .assistant, to: board.conversation,
                parent: board.parent, candidate: candidate.id)
        }
        if case .ifUnchanged(let leaf) = selects, let selected, selected != leaf {
            try store.selectAsLeaf(selected)
        }
        return message
    }

    /// Whether the selected path ends with the board's turn: with the message it answers, or a
    /// reply to it.
    private func isLastTurn(_ board: Board) throws -> Bool {
        guard let leaf = try store.conversation(board.conversation).selectedLeaf else {
            return board.parent == nil
        }
        if leaf == board.parent { return true }
        return try store.message(leaf).parent == board.parent
    }
}
