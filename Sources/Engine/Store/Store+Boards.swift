import Foundation
import GRDB
import LanguageModel

extension Store {
    /// A candidate about to be sampled.
    public struct Plan: Sendable, Equatable {
        public var variant: Int
        public var seed: UInt64
        public var sampling: SamplingOptions

        public init(variant: Int, seed: UInt64, sampling: SamplingOptions) {
            self.variant = variant
            self.seed = seed
            self.sampling = sampling
        }
    }

    /// Makes a board and gives its candidates their ids. Readers see candidates once they are
    /// finished, and a board once it has one.
    public func createBoard(
        conversation: Int64, parent: Int64?, variants: [BoardVariant], plans: [Plan]
    ) throws -> Board {
        let now = Date()
        return try write { db in
            try db.execute(
                sql: "INSERT INTO board (conversation, parent, created_at) VALUES (?, ?, ?)",
                arguments: [conversation, parent, now.stamp])
            var board = Board(
                id: db.lastInsertedRowID, conversation: conversation, parent: parent,
                createdAt: now, variants: variants)
            for (position, variant) in variants.enumerated() {
                try Self.insert(variant, position: position, board: board.id, db)
            }
            for plan in plans {
                board.candidates.append(
                    try Self.insert(plan, board: board.id, position: board.candidates.count, db))
            }
            return board
        }
    }

    /// Gives one more candidate of a board its id.
    public func addCandidate(_ plan: Plan, to board: Int64) throws -> Candidate {
        try write { db in
            let position = try Int.fetchOne(
                db, sql: "SELECT COALESCE(MAX(position) + 1, 0) FROM candidate WHERE board = ?",
                arguments: [board])
            return try Self.insert(plan, board: board, position: position ?? 0, db)
        }
    }

    /// Stores a finished candidate.
    public func finish(_ candidate: Candidate) throws {
        precondition(candidate.finishReason != nil, "only a finished candidate is stored")
        try write { db in
            try db.execute(
                sql: """
                    UPDATE candidate SET text = ?, ids = ?, log_probabilities = ?,
                        finish_reason = ?, finished_at = ? WHERE id = ?
                    """,
                arguments: [
                    candidate.text, Blob.data(candidate.ids),
                    Blob.data(candidate.logProbabilities),
                    candidate.finishReason?.rawValue, Date().stamp, candidate.id,
                ])
            guard db.changesCount == 1 else {
                throw EngineError.notFound(kind: "candidate", id: candidate.id)
            }
        }
    }

    /// Stores a person's own version of a candidate as a new candidate of its board.
    public func addEdited(_ original: Int64, text: String, ids: [TokenID]) throws -> Candidate {
        try write { db in
            let (source, board) = try Self.candidate(original, db)
            let position = try Int.fetchOne(
                db, sql: "SELECT MAX(position) + 1 FROM candidate WHERE board = ?",
                arguments: [board])
            var edited = try Self.insert(
                Plan(variant: source.variant, seed: source.seed, sampling: source.sampling),
                board: board, position: position ?? 0, db)
            edited.text = text
            edited.ids = ids
            edited.finishReason = .stop
            edited.editedFrom = original
            try db.execute(
                sql: """
                    UPDATE candidate SET text = ?, ids = ?, finish_reason = 'stop',
                        finished_at = ?, edited_from = ? WHERE id = ?
                    """, arguments: [text, Blob.data(ids), Date().stamp, original, edited.id])
            return edited
        }
    }

    /// Stores scores by candidate; the newest score of a model is the one that counts.
    public func setRewards(_ scores: [Int64: Double], model: String) throws {
        try write { db in
            for (candidate, score) in scores {
                try db.execute(
                    sql: """
                        INSERT INTO reward (candidate, model, score, created_at)
                        VALUES (?, ?, ?, ?)
                        """, arguments: [candidate, model, score, Date().stamp])
            }
        }
    }

    /// A board with its finished candidates.
    public func board(_ id: Int64) throws -> Board {
        try read { db in
            guard let board = try Self.boards("WHERE id = ?", [id], db).first else {
                throw EngineError.notFound(kind: "board", id: id)
            }
            return board
        }
    }

    /// Boards with at least one finished candidate, of a conversation or of those that answer
    /// one message; oldest first.
    public func boards(of conversation: Int64, answering message: Int64? = nil) throws -> [Board] {
        try read { db in
            try Self.boards(
                """
                WHERE conversation = ? AND (? IS NULL OR parent = ?) AND EXISTS
                    (SELECT 1 FROM candidate
                     WHERE board = board.id AND finish_reason IS NOT NULL)
                ORDER BY id
                """, [conversation, message, message], db)
        }
    }

    /// A finished candidate and its board's id.
    public func candidate(_ id: Int64) throws -> (Candidate, board: Int64) {
        try read { try Self.candidate(id, $0) }
    }

    // MARK: Rows

    static func insert(
        _ variant: BoardVariant, position: Int, board: Int64, _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO board_variant VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                board, position, variant.templateName, variant.templateHash, variant.modelName,
                variant.modelFingerprint, Blob.data(variant.promptIDs), variant.maxTokens,
                try json(variant.stop), variant.renderedInput, variant.prefix,
            ])
    }

    static func insert(
        _ plan: Plan, board: Int64, position: Int, _ db: Database
    ) throws -> Candidate {
        try db.execute(
            sql: """
                INSERT INTO candidate (board, position, variant, seed, sampling)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [
                board, position, plan.variant, Int64(bitPattern: plan.seed),
                try json(plan.sampling),
            ])
        return Candidate(
            id: db.lastInsertedRowID, index: position, variant: plan.variant, seed: plan.seed,
            sampling: plan.sampling)
    }

    static func boards(
        _ clause: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [Board] {
        try Row.fetchAll(
            db, sql: "SELECT id, conversation, parent, created_at FROM board \(clause)",
            arguments: arguments
        ).map { row in
            let id: Int64 = row[0]
            return Board(
                id: id, conversation: row[1], parent: row[2], createdAt: Date(stamp: row[3]),
                variants: try variants(of: id, db),
                candidates: try candidates("WHERE c.board = ?", [id], db).map(\.0))
        }
    }

    static func variants(of board: Int64, _ db: Database) throws -> [BoardVariant] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM board_variant WHERE board = ? ORDER BY position",
            arguments: [board]
        ).map { row in
            BoardVariant(
                templateName: row[2], templateHash: row[3], modelName: row[4],
                modelFingerprint: row[5], promptIDs: Blob.array(row[6]), maxTokens: row[7],
                stop: try value([String].self, row[8]), renderedInput: row[9], prefix: row[10])
        }
    }

    static func candidate(_ id: Int64, _ db: Database) throws -> (Candidate, board: Int64) {
        guard let found = try candidates("WHERE c.id = ?", [id], db).first else {
            throw EngineError.notFound(kind: "finished candidate", id: id)
        }
        return (found.0, found.1)
    }

    private static func candidates(
        _ clause: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [(Candidate, Int64)] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT c.id, c.position, c.variant, c.text, c.ids, c.log_probabilities,
                    c.finish_reason, c.seed, c.sampling, c.edited_from, r.score, r.model, c.board
                FROM candidate c
                LEFT JOIN reward r ON r.id =
                    (SELECT MAX(id) FROM reward WHERE candidate = c.id)
                \(clause) AND c.finish_reason IS NOT NULL ORDER BY c.position
                """, arguments: arguments
        ).map { row in
            let candidate = Candidate(
                id: row[0], index: row[1], variant: row[2], text: row[3],
                ids: Blob.array(row[4]), logProbabilities: Blob.array(row[5]),
                finishReason: FinishReason(rawValue: row[6]) ?? .stop,
                seed: UInt64(bitPattern: row[7] as Int64),
                sampling: try value(SamplingOptions.self, row[8]), reward: row[10],
                rewardModel: row[11], editedFrom: row[9])
            return (candidate, row[12])
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func value<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }
}

/// Arrays of 32-bit numbers as little-endian bytes.
enum Blob {
    static func data(_ ids: [TokenID]) -> Data {
        ids.reduce(into: Data(capacity: ids.count * 4)) { data, id in
            withUnsafeBytes(of: id.littleEndian) { data.append(contentsOf: $0) }
        }
    }

    static func data(_ floats: [Float]) -> Data {
        data(floats.map { TokenID(bitPattern: $0.bitPattern) })
    }

    static func array(_ data: Data) -> [TokenID] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                TokenID(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self))
            }
        }
    }

    static func array(_ data: Data) -> [Float] {
        (array(data) as [TokenID]).map { Float(bitPattern: UInt32(bitPattern: $0)) }
    }
}
