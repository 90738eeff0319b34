import ChatTemplates
import Foundation
import GRDB
import LanguageModel

/// A file of rankings, read and found right before anything is written anywhere: our K-way JSONL
/// with everything in it, or preference pairs of any form ``PreferenceReader`` knows.
public struct RankingFile: Sendable {
    let records: [RankingRecord]
    let preferences: [PreferenceItem]
    let dropped: [String]

    /// - Throws: ``EngineError`` where the file cannot be read or a line of it is wrong.
    public init(contentsOf path: String) throws {
        guard let data = FileManager.default.contents(atPath: Paths.expand(path)) else {
            throw EngineError.file(path: path, reason: "the file cannot be read")
        }
        let lines = try JSONLines(data, path: path)
        guard !lines.contains(where: { $0.1["variants"] == nil }) else {
            let dataset = try PreferenceReader.read(data, path: path)
            records = []
            preferences = dataset.items
            dropped = Array(dataset.report.lines.dropFirst())
            return
        }
        records = try lines.map { number, line in
            do { return try RankingRecord(line) } catch {
                throw EngineError.invalidFile(
                    path: path, line: number, reason: error.sentence.asClause)
            }
        }
        preferences = []
        dropped = []
    }
}

extension Store {
    /// What an import of rankings brought.
    public struct RankingImportReport: Sendable, Equatable {
        public var rankings = 0
        /// Lines that an earlier import had brought.
        public var known = 0
        public var dropped: [String] = []
    }

    /// Imports rankings: all of the file or nothing.
    ///
    /// Each prompt becomes a conversation tagged `imported`.
    @discardableResult
    public func importRankings(_ file: RankingFile) throws -> RankingImportReport {
        var report = RankingImportReport()
        report.dropped = file.dropped
        try write { db in
            for record in file.records { try Self.insert(record, &report, db) }
            for item in file.preferences { try Self.insert(item, &report, db) }
        }
        return report
    }

    private static func insert(
        _ record: RankingRecord, _ report: inout RankingImportReport, _ db: Database
    ) throws {
        let origin = "ranking:" + SHA256.hexDigest(of: try record.jsonLine())
        guard
            let (conversation, parent) = try insert(
                record.prompt, origin: origin, record.createdAt, db)
        else {
            report.known += 1
            return
        }
        let board = try board(conversation, parent, record.createdAt, db)
        for (position, variant) in record.variants.enumerated() {
            try insert(
                BoardVariant(
                    templateName: variant.template, templateHash: variant.templateHash,
                    modelName: variant.model, modelFingerprint: variant.modelFingerprint,
                    promptIDs: variant.promptIDs, maxTokens: variant.maxTokens,
                    prefix: variant.prefix),
                position: position, board: board, db)
        }
        var ids: [Int64] = []
        for reply in record.replies {
            let mean = reply.ids.isEmpty ? 0 : Float(reply.logProbability / Double(reply.ids.count))
            var made = try insert(
                Plan(variant: reply.variant, seed: reply.seed, sampling: reply.sampling),
                board: board, position: ids.count, db)
            made.text = reply.text
            made.ids = reply.ids
            // Only their sum is known.
            made.logProbabilities = reply.ids.map { _ in mean }
            made.finishReason = reply.finishReason ?? .stop
            try finish(
                made,
                editedFrom: reply.editedFrom.flatMap { ids.indices.contains($0) ? ids[$0] : nil },
                db)
            ids.append(made.id)
        }
        try db.execute(
            sql: """
                INSERT INTO ranking (board, created_at, all_bad, scores_visible, blind, seconds)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                board, record.createdAt.stamp, record.isAllBad, record.scoresVisible,
                record.isBlind, record.secondsTaken,
            ])
        let ranking = db.lastInsertedRowID
        for (id, reply) in zip(ids, record.replies) {
            try db.execute(
                sql: "INSERT INTO ranking_entry VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    ranking, id, reply.rank, reply.displayIndex, reply.reward, reply.rewardModel,
                ])
        }
        report.rankings += 1
    }

    /// A ranking for every judgement: those of one prompt need not agree.
    private static func insert(
        _ item: PreferenceItem, _ report: inout RankingImportReport, _ db: Database
    ) throws {
        let text =
            item.replies.map(\.text).joined(separator: "\u{1e}")
            + item.preferences.map { "\($0.better) \($0.worse) \($0.isTie)" }.joined(separator: ",")
        let origin = "preference:" + SHA256.hexDigest(of: item.promptKey + text)
        let now = Date()
        guard let (conversation, parent) = try insert(item.prompt, origin: origin, now, db) else {
            report.known += 1
            return
        }
        let board = try board(conversation, parent, now, db)
        try insert(
            BoardVariant(
                templateName: "chat", templateHash: "", modelName: "imported", modelFingerprint: "",
                promptIDs: [], maxTokens: 0), position: 0, board: board, db)
        var ids: [Int64] = []
        for reply in item.replies {
            var made = try insert(
                Plan(variant: 0, seed: 0, sampling: SamplingOptions()), board: board,
                position: ids.count, db)
            made.text = reply.text
            made.finishReason = .stop
            try finish(made, editedFrom: nil, db)
            ids.append(made.id)
        }
        for preference in item.preferences {
            try db.execute(
                sql: """
                    INSERT INTO ranking
                        (board, created_at, all_bad, scores_visible, blind, seconds)
                    VALUES (?, ?, 0, 0, 0, 0)
                    """, arguments: [board, now.stamp])
            let ranking = db.lastInsertedRowID
            for (index, rank) in [
                (preference.better, 1), (preference.worse, preference.isTie ? 1 : 2),
            ] {
                try db.execute(
                    sql: "INSERT INTO ranking_entry (ranking, candidate, rank) VALUES (?, ?, ?)",
                    arguments: [ranking, ids[index], rank])
            }
            report.rankings += 1
        }
    }

    /// A conversation of the prompt's messages and the id of the last; nil where an import
    /// brought it before.
    private static func insert(
        _ prompt: [ChatMessage], origin: String, _ date: Date, _ db: Database
    ) throws -> (conversation: Int64, parent: Int64?)? {
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO conversation
                    (title, created_at, updated_at, template_name, origin)
                VALUES ('', ?, ?, 'chat', ?)
                """, arguments: [date.stamp, date.stamp, origin])
        guard db.changesCount == 1 else { return nil }
        let id = db.lastInsertedRowID
        try db.execute(
            sql: "INSERT INTO conversation_tag VALUES (?, 'imported')", arguments: [id])
        var parent: Int64?
        for message in prompt {
            parent = try insert(
                message.content, role: Role(rawValue: message.role) ?? .user, to: id,
                parent: parent, candidate: nil, createdAt: date, db
            ).id
        }
        return (id, parent)
    }

    private static func board(
        _ conversation: Int64, _ parent: Int64?, _ date: Date, _ db: Database
    ) throws -> Int64 {
        try db.execute(
            sql: "INSERT INTO board (conversation, parent, created_at) VALUES (?, ?, ?)",
            arguments: [conversation, parent, date.stamp])
        return db.lastInsertedRowID
    }

    private static func finish(
        _ candidate: Candidate, editedFrom: Int64?, _ db: Database
    ) throws {
        try db.execute(
            sql: """
                UPDATE candidate SET text = ?, ids = ?, log_probabilities = ?, finish_reason = ?,
                    finished_at = ?, edited_from = ? WHERE id = ?
                """,
            arguments: [
                candidate.text, Blob.data(candidate.ids), Blob.data(candidate.logProbabilities),
                candidate.finishReason?.rawValue, Date().stamp, editedFrom, candidate.id,
            ])
    }
}
