import Foundation
import GRDB

extension Store {
    /// Messages that contain all words of the query, the best first; the last word may be the
    /// beginning of one. Where no word matches (scripts without spaces, parts of words), the
    /// query is looked for as it stands.
    public func search(
        _ query: String, conversation: Int64? = nil, limit: Int = 50
    ) throws -> [SearchHit] {
        let words = query.split(whereSeparator: \.isWhitespace).map(String.init)
        guard !words.isEmpty else { return [] }
        return try read { db in
            let pattern = words.filter { $0.contains { $0.isLetter || $0.isNumber } }
                .map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: " ")
            var hits: [SearchHit] = []
            if !pattern.isEmpty {
                let rows = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT m.conversation, c.title, m.id, m.role, m.created_at,
                            snippet(message_text, 0, char(2), char(3), '…', 24)
                        FROM message_text
                        JOIN message m ON m.id = message_text.rowid
                        JOIN conversation c ON c.id = m.conversation
                        WHERE message_text MATCH ? AND m.deleted_at IS NULL
                            AND c.deleted_at IS NULL AND (? IS NULL OR m.conversation = ?)
                        ORDER BY bm25(message_text), m.id DESC LIMIT ?
                        """, arguments: [pattern + "*", conversation, conversation, limit])
                hits = rows.map { Self.hit($0, marked: $0[5]) }
            }
            if hits.isEmpty {
                let rows = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT m.conversation, c.title, m.id, m.role, m.created_at, m.text
                        FROM message m JOIN conversation c ON c.id = m.conversation
                        WHERE m.text LIKE ? ESCAPE '\\' AND m.deleted_at IS NULL
                            AND c.deleted_at IS NULL AND (? IS NULL OR m.conversation = ?)
                        ORDER BY m.id DESC LIMIT ?
                        """,
                    arguments: [
                        "%\(Self.escapedForLike(query))%", conversation, conversation, limit,
                    ])
                hits = rows.map { Self.hit($0, marked: Self.excerpt(of: $0[5], around: query)) }
            }
            return hits
        }
    }

    private static func hit(_ row: Row, marked: String) -> SearchHit {
        var snippet = ""
        var highlights: [Range<Int>] = []
        var start: Int?
        var count = 0
        for character in marked {
            switch character {
            case "\u{2}":
                start = count
            case "\u{3}":
                if let from = start, from < count { highlights.append(from..<count) }
                start = nil
            default:
                snippet.append(character.isNewline || character == "\t" ? " " : character)
                count += 1
            }
        }
        return SearchHit(
            conversation: row[0], conversationTitle: row[1], message: row[2],
            role: Role(rawValue: row[3]) ?? .user, createdAt: Date(stamp: row[4]),
            snippet: snippet, highlights: highlights)
    }

    private static func excerpt(of text: String, around query: String) -> String {
        guard let range = text.range(of: query, options: .caseInsensitive) else {
            return String(text.prefix(120))
        }
        let from = text.index(range.lowerBound, offsetBy: -60, limitedBy: text.startIndex)
        let to = text.index(range.upperBound, offsetBy: 60, limitedBy: text.endIndex)
        return (from == nil ? "" : "…") + text[(from ?? text.startIndex)..<range.lowerBound]
            + "\u{2}" + text[range] + "\u{3}" + text[range.upperBound..<(to ?? text.endIndex)]
            + (to == nil ? "" : "…")
    }
}
