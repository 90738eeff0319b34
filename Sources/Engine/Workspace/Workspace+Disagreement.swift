import Foundation

/// A ranking that the reward model would have made otherwise.
public struct Disagreement: Sendable, Equatable {
    public var board: Int64
    public var conversation: Int64
    /// The message that the replies answer.
    public var message: Int64?
    /// The beginning of that message.
    public var question: String
    /// Pairs that the person put in an order, and those of them that the scores reverse.
    public var pairs: Int
    public var reversed: Int
    /// The largest lead that the scores give to a reply the person put behind.
    public var margin: Double

    public init(
        board: Int64, conversation: Int64, message: Int64?, question: String, pairs: Int,
        reversed: Int, margin: Double
    ) {
        self.board = board
        self.conversation = conversation
        self.message = message
        self.question = question
        self.pairs = pairs
        self.reversed = reversed
        self.margin = margin
    }
}

extension Workspace {
    /// The latest ranked boards whose order the active reward model does not share, the widest
    /// lead of a worse reply first. Replies that it has not scored are scored now.
    ///
    /// - Parameter limit: how many of the latest boards are looked at.
    public func disagreements(limit: Int = 100) async throws -> [Disagreement] {
        let model = try requireModel()
        guard let reward = try rewards.active(for: model) else { return [] }
        let label = Self.label(of: reward)
        var found: [Disagreement] = []
        for id in try store.rankedBoards(limit: limit) {
            var board = try store.board(id)
            let isScored = board.candidates.allSatisfy { $0.rewardModel == label }
            if !isScored, board.modelFingerprint == model.info.fingerprint {
                _ = try await rescore(board: id)
                board = try store.board(id)
            }
            guard let ranking = try store.rankings(of: id).last else { continue }
            let scores = board.candidates.reduce(into: [Int64: Double]()) { scores, candidate in
                if candidate.rewardModel == label { scores[candidate.id] = candidate.reward }
            }
            var (pairs, reversed, margin) = (0, 0, 0.0)
            for (better, high) in ranking.ranks {
                for (worse, low) in ranking.ranks where high < low {
                    guard let a = scores[better], let b = scores[worse] else { continue }
                    pairs += 1
                    guard b > a else { continue }
                    reversed += 1
                    margin = max(margin, b - a)
                }
            }
            guard reversed > 0 else { continue }
            let question = try board.parent.map { try store.message($0).text } ?? ""
            found.append(
                Disagreement(
                    board: id, conversation: board.conversation, message: board.parent,
                    question: Store.summary(question), pairs: pairs, reversed: reversed,
                    margin: margin))
        }
        return found.sorted { ($0.margin, $0.board) > ($1.margin, $1.board) }
    }
}
