import GRDB
import LanguageModel

/// What a transcript says beside a reply that was sampled here.
public struct ReplyNote: Sendable, Equatable {
    public var finishReason: FinishReason
    public var templateName: String
    public var modelName: String
    /// The newest score; nil where no reward model scored it.
    public var reward: Double?
    /// A person wrote it over a reply of the model's.
    public var isEdited: Bool
}

extension Store {
    /// Notes on the candidates that became messages of a conversation, by candidate. One
    /// query, without the replies' ids and probabilities.
    public func replyNotes(of conversation: Int64) throws -> [Int64: ReplyNote] {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT c.id, c.finish_reason, v.template_name, v.model_name, r.score,
                        c.edited_from IS NOT NULL
                    FROM message m
                    JOIN candidate c ON c.id = m.candidate
                    JOIN board_variant v ON v.board = c.board AND v.position = c.variant
                    LEFT JOIN reward r ON r.id =
                        (SELECT MAX(id) FROM reward WHERE candidate = c.id)
                    WHERE m.conversation = ? AND c.finish_reason IS NOT NULL
                    """, arguments: [conversation])
            var notes: [Int64: ReplyNote] = [:]
            while let row = try rows.next() {
                notes[row[0]] = ReplyNote(
                    finishReason: FinishReason(rawValue: row[1]) ?? .stop, templateName: row[2],
                    modelName: row[3], reward: row[4], isEdited: row[5])
            }
            return notes
        }
    }
}
