import ChatTemplates
import Foundation
import GRDB
import LanguageModel

extension Store {
    /// Appends a ranking with the scores its candidates have now.
    ///
    /// - Returns: the ranking with its id.
    /// - Throws: ``EngineError/invalidRanking(reason:)`` where it does not fit its board.
    public func append(_ ranking: Ranking) throws -> Ranking {
        try write { db in
            guard let board = try Self.boards("WHERE id = ?", [ranking.board], db).first else {
                throw EngineError.notFound(kind: "board", id: ranking.board)
            }
            try Self.check(ranking, on: board)
            try db.execute(
                sql: """
                    INSERT INTO ranking
                        (board, created_at, all_bad, scores_visible, blind, seconds)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    ranking.board, ranking.createdAt.stamp, ranking.isAllBad,
                    ranking.scoresVisible, ranking.isBlind, ranking.secondsTaken,
                ])
            var stored = ranking
            stored.id = db.lastInsertedRowID
            // As a reader gets it, to the last bit.
            stored.createdAt = Date(stamp: ranking.createdAt.stamp)
            for candidate in board.candidates {
                try db.execute(
                    sql: "INSERT INTO ranking_entry VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [
                        stored.id, candidate.id, ranking.ranks[candidate.id],
                        ranking.displayOrder.firstIndex(of: candidate.id), candidate.reward,
                        candidate.rewardModel,
                    ])
            }
            try Self.touch(board.conversation, db)
            return stored
        }
    }

    /// Takes a ranking back: it stays in the store and is left out of everything else.
    public func retract(ranking: Int64) throws {
        try write { db in
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO ranking_retraction
                    SELECT id, ? FROM ranking WHERE id = ?
                    """, arguments: [Date().stamp, ranking])
        }
    }

    /// Undoes ``retract(ranking:)``.
    public func unretract(ranking: Int64) throws {
        try write { db in
            try db.execute(
                sql: "DELETE FROM ranking_retraction WHERE ranking = ?", arguments: [ranking])
        }
    }

    /// Rankings of a board that stand, oldest first.
    public func rankings(of board: Int64) throws -> [Ranking] {
        try read { db in
            try Self.rankingRows("AND r.board = ?", [board], db).map { row in
                let entries = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT candidate, rank FROM ranking_entry WHERE ranking = ?
                        ORDER BY display_index
                        """, arguments: [row[0] as Int64])
                let shown = try Int64.fetchAll(
                    db,
                    sql: """
                        SELECT candidate FROM ranking_entry
                        WHERE ranking = ? AND display_index IS NOT NULL ORDER BY display_index
                        """, arguments: [row[0] as Int64])
                var ranks: [Int64: Int] = [:]
                for entry in entries { ranks[entry[0]] = entry[1] as Int? }
                return Ranking(
                    id: row[0], board: row[1], createdAt: Date(stamp: row[2]), ranks: ranks,
                    isAllBad: row[3], displayOrder: shown, scoresVisible: row[4], isBlind: row[5],
                    secondsTaken: row[6])
            }
        }
    }

    /// Boards with a ranking that stands, the last ranked first; those of deleted conversations
    /// and messages are left out.
    public func rankedBoards(limit: Int) throws -> [Int64] {
        try read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT r.board FROM ranking r
                    JOIN board b ON b.id = r.board
                    JOIN conversation c ON c.id = b.conversation AND c.deleted_at IS NULL
                    LEFT JOIN message m ON m.id = b.parent
                    WHERE m.deleted_at IS NULL
                        AND r.id NOT IN (SELECT ranking FROM ranking_retraction)
                    GROUP BY r.board ORDER BY MAX(r.id) DESC LIMIT ?
                    """, arguments: [limit])
        }
    }

    /// Records fit for training, oldest first; `after` leaves out ids up to and with it.
    public func rankingRecords(after id: Int64 = 0, limit: Int? = nil) throws -> [RankingRecord] {
        try read { db in
            let rows = try Self.rankingRows("AND r.id > ?", [id], limit: limit, db)
            return try rows.map { try Self.record($0, db) }
        }
    }

    public func rankingCount() throws -> Int {
        try read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT COUNT(*) FROM ranking
                    WHERE id NOT IN (SELECT ranking FROM ranking_retraction)
                    """) ?? 0
        }
    }

    public func rankingStatistics() throws -> RankingStatistics {
        let records = try rankingRecords()
        var result = RankingStatistics()
        var longer = 0.0
        var unequal = 0
        var agreed = 0
        var scored = 0
        for record in records {
            result.rankings += 1
            result.candidates += record.replies.count
            if record.isAllBad { result.allBad += 1 }
            if record.isBlind { result.blind += 1 }
            let ranked = record.replies.compactMap(\.rank)
            let pairs = record.orderedPairs
            result.orderedPairs += pairs.count
            result.tiedPairs += ranked.count * (ranked.count - 1) / 2 - pairs.count
            for (better, worse) in pairs {
                let (a, b) = (record.replies[better], record.replies[worse])
                if a.text.count != b.text.count {
                    unequal += 1
                    if a.text.count > b.text.count { longer += 1 }
                }
                if let x = a.reward, let y = b.reward, a.rewardModel == b.rewardModel {
                    scored += 1
                    if x > y { agreed += 1 }
                }
            }
        }
        let seconds = records.map(\.secondsTaken).sorted()
        if !seconds.isEmpty {
            result.medianSeconds =
                (seconds[(seconds.count - 1) / 2] + seconds[seconds.count / 2]) / 2
        }
        if unequal > 0 { result.longerWins = longer / Double(unequal) }
        if scored > 0 { result.rewardAgreement = Double(agreed) / Double(scored) }
        result.comparisons = try comparisonRecords()
        return result
    }

    // MARK: Rows

    private static func check(_ ranking: Ranking, on board: Board) throws {
        let known = Set(board.candidates.map(\.id))
        func fail(_ reason: String) -> EngineError { .invalidRanking(reason: reason) }
        guard !known.isEmpty else { throw fail("the board has no finished candidate") }
        guard ranking.isAllBad || !ranking.ranks.isEmpty else {
            throw fail("no candidate has a rank")
        }
        guard !ranking.isAllBad || ranking.ranks.isEmpty else {
            throw fail("\"all bad\" goes without ranks")
        }
        guard ranking.ranks.keys.allSatisfy(known.contains),
            ranking.displayOrder.allSatisfy(known.contains)
        else { throw fail("a candidate is not on the board, or not finished") }
        guard ranking.ranks.values.allSatisfy({ $0 >= 1 }) else {
            throw fail("ranks begin with 1")
        }
        guard Set(ranking.displayOrder).count == ranking.displayOrder.count else {
            throw fail("a candidate is twice in the display order")
        }
        guard ranking.secondsTaken.isFinite, ranking.secondsTaken >= 0 else {
            throw fail("the time taken is not a number of seconds")
        }
    }

    private static func rankingRows(
        _ condition: String, _ arguments: StatementArguments, limit: Int? = nil, _ db: Database
    ) throws -> [Row] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT r.id, r.board, r.created_at, r.all_bad, r.scores_visible, r.blind, r.seconds
                FROM ranking r
                WHERE NOT EXISTS (SELECT 1 FROM ranking_retraction x WHERE x.ranking = r.id)
                \(condition) ORDER BY r.id LIMIT ?
                """, arguments: arguments + [limit ?? -1])
    }

    private static func record(_ row: Row, _ db: Database) throws -> RankingRecord {
        let boardID: Int64 = row[1]
        guard let board = try boards("WHERE id = ?", [boardID], db).first else {
            throw EngineError.notFound(kind: "board", id: boardID)
        }
        struct Entry {
            var rank: Int?
            var displayIndex: Int?
            var reward: Double?
            var rewardModel: String?
        }
        var entries: [Int64: Entry] = [:]
        for entry in try Row.fetchAll(
            db, sql: "SELECT * FROM ranking_entry WHERE ranking = ?", arguments: [row[0] as Int64])
        {
            entries[entry[1]] = Entry(
                rank: entry[2], displayIndex: entry[3], reward: entry[4], rewardModel: entry[5])
        }
        // Candidates that were added after the ranking are no part of it.
        let candidates = board.candidates.filter { entries[$0.id] != nil }
        let prompt = try board.parent.map { try path(to: $0, db) } ?? []
        return RankingRecord(
            id: row[0], board: boardID, conversation: board.conversation,
            createdAt: Date(stamp: row[2]),
            prompt: prompt.map { ChatMessage(role: $0.role.rawValue, content: $0.text) },
            variants: board.variants.map {
                RankingRecord.Variant(
                    template: $0.templateName, templateHash: $0.templateHash,
                    model: $0.modelName, modelFingerprint: $0.modelFingerprint,
                    promptIDs: $0.promptIDs, maxTokens: $0.maxTokens, prefix: $0.prefix)
            },
            replies: candidates.map { candidate in
                let entry = entries[candidate.id]
                return RankingRecord.Reply(
                    text: candidate.text, ids: candidate.ids,
                    finishReason: candidate.finishReason, seed: candidate.seed,
                    sampling: candidate.sampling, logProbability: candidate.logProbability,
                    variant: candidate.variant, rank: entry?.rank,
                    displayIndex: entry?.displayIndex, reward: entry?.reward,
                    rewardModel: entry?.rewardModel,
                    editedFrom: candidate.editedFrom.flatMap { original in
                        candidates.firstIndex { $0.id == original }
                    })
            },
            isAllBad: row[3], scoresVisible: row[4], isBlind: row[5], secondsTaken: row[6])
    }
}
