import ChatTemplates
import Foundation
import JSON
import LanguageModel

extension PreferenceReader {
    /// A pair of TRL or HH.
    static func pair(_ line: JSONValue, _ context: LineContext) throws -> PreferenceItem {
        guard let chosen = line["chosen"], let rejected = line["rejected"] else {
            throw context.error("a pair has both chosen and rejected")
        }
        var prompt: [ChatMessage] = []
        var isPlain = false
        if let given = line["prompt"], !given.isNull {
            (prompt, isPlain) = try messages(given, "prompt", context)
        }
        let first: String
        let second: String
        if let a = chosen.string, let b = rejected.string {
            if prompt.isEmpty, let split = hh(a, b) {
                (prompt, first, second) = split
            } else if prompt.isEmpty {
                let common = commonPrompt(a, b)
                first = String(a.dropFirst(common.count))
                second = String(b.dropFirst(common.count))
                prompt = common.isEmpty ? [] : [ChatMessage(role: "user", content: common)]
                isPlain = true
            } else {
                (first, second) = (a, b)
            }
        } else {
            let a = try messages(chosen, "chosen", context).0
            let b = try messages(rejected, "rejected", context).0
            if prompt.isEmpty {
                var shared = 0
                while shared < min(a.count, b.count), a[shared] == b[shared] { shared += 1 }
                // Two equal conversations: the last message is the reply.
                shared = min(shared, min(a.count, b.count) - 1)
                prompt = Array(a.prefix(max(shared, 0)))
                first = try reply(Array(a.dropFirst(prompt.count)), "chosen", context)
                second = try reply(Array(b.dropFirst(prompt.count)), "rejected", context)
            } else {
                first = try reply(
                    a.starts(with: prompt) ? Array(a.dropFirst(prompt.count)) : a,
                    "chosen", context)
                second = try reply(
                    b.starts(with: prompt) ? Array(b.dropFirst(prompt.count)) : b,
                    "rejected", context)
            }
        }
        return PreferenceItem(
            prompt: prompt, replies: [.init(text: first), .init(text: second)],
            preferences: [.init(better: 0, worse: 1, margin: line["margin"]?.double)],
            isPlain: isPlain, origin: context.origin)
    }

    /// A completion of messages is one assistant's turn.
    private static func reply(
        _ messages: [ChatMessage], _ key: String, _ context: LineContext
    ) throws -> String {
        guard messages.count == 1, messages[0].role == "assistant" else {
            throw context.error("\(key) has to add one assistant message to the prompt")
        }
        return messages[0].content
    }

    /// `\n\nHuman: … \n\nAssistant: …` split at the last reply; nil for other text. The two may
    /// differ before their last reply: then the prompt is the chosen one's, as in the data's
    /// own use.
    private static func hh(_ a: String, _ b: String) -> ([ChatMessage], String, String)? {
        guard let (prompt, first) = hhTurns(a), let (_, second) = hhTurns(b) else { return nil }
        return (prompt, first, second)
    }

    static func hhTurns(_ text: String) -> ([ChatMessage], String)? {
        let marks = [("\n\nHuman:", "user"), ("\n\nAssistant:", "assistant")]
        guard marks.contains(where: { text.hasPrefix($0.0) }) else { return nil }
        var turns: [ChatMessage] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            guard let (mark, role) = marks.first(where: { rest.hasPrefix($0.0) }) else {
                return nil
            }
            rest = rest.dropFirst(mark.count)
            let end =
                marks.compactMap { rest.firstRange(of: $0.0)?.lowerBound }.min() ?? rest.endIndex
            turns.append(ChatMessage(role: role, content: String(rest[..<end]).trimmed))
            rest = rest[end...]
        }
        guard let last = turns.popLast(), last.role == "assistant" else { return nil }
        return (turns, last.content)
    }

    /// What both texts begin with, to the end of a word, as TRL takes an implicit prompt.
    private static func commonPrompt(_ a: String, _ b: String) -> String {
        var common = ""
        for (x, y) in zip(a, b) {
            guard x == y else { break }
            common.append(x)
        }
        if common == a || common == b { return "" }
        if common.last == " " { common.removeLast() }
        return common
    }

    /// Messages from a list of `{role, content}`, or a string as one user's message.
    static func messages(
        _ value: JSONValue?, _ key: String, _ context: LineContext
    ) throws -> ([ChatMessage], isPlain: Bool) {
        guard let value, !value.isNull else { return ([], false) }
        if let text = value.string { return ([ChatMessage(role: "user", content: text)], true) }
        guard let list = value.array else {
            throw context.error("\(key) is neither text nor a list of messages")
        }
        return (
            try list.map { entry in
                guard let role = (entry["role"] ?? entry["from"])?.string,
                    let content = (entry["content"] ?? entry["value"])?.string
                else { throw context.error("a message of \(key) has no role or no content") }
                return ChatMessage(
                    role: ["human": "user", "gpt": "assistant"][role] ?? role, content: content)
            }, false
        )
    }

    /// A reply as a string, as `{"text"}`, or as one assistant's message.
    static func text(of value: JSONValue, _ key: String, _ context: LineContext) throws -> String {
        if let text = value.string { return text }
        if let text = (value["text"] ?? value["content"])?.string { return text }
        if let list = value.array, list.count == 1, let text = list[0]["content"]?.string {
            return text
        }
        throw context.error("an entry of \(key) is not a reply's text")
    }

    // MARK: Argilla

    static func ranking(in line: JSONValue) -> [JSONValue]? {
        for value in [line["ranking"], line["responses"]?["ranking"]].compactMap({ $0 }) {
            guard let list = value.array else { continue }
            if list.first?["rank"] != nil { return list }
            // An export keeps every annotator's answer; the first that was submitted counts.
            for answer in list {
                if let status = answer["status"]?.string, status != "submitted" { continue }
                let inner = answer["value"]?.array ?? answer["value"]?["value"]?.array
                if let inner, inner.first?["rank"] != nil { return inner }
            }
        }
        return nil
    }

    static func argilla(_ line: JSONValue, _ context: LineContext) throws -> PreferenceItem {
        let fields = line["fields"] ?? line
        let promptKey = ["prompt", "instruction", "question", "input"].first { fields[$0] != nil }
        let (prompt, isPlain) = try messages(
            promptKey.flatMap { fields[$0] }, promptKey ?? "prompt", context)
        let listed = (fields["replies"] ?? fields["generations"] ?? fields["responses"])?.array
        var replies: [String] = []
        var ranks: [Double?] = []
        for entry in ranking(in: line) ?? [] {
            guard let name = entry["value"]?.string else {
                throw context.error("an entry of ranking has no value such as \"reply_1\"")
            }
            let text: String
            if let field = fields[name] {
                text = try self.text(of: field, name, context)
            } else if let number = name.split(whereSeparator: { !$0.isNumber }).last,
                let index = Int(number), let listed, listed.indices.contains(index - 1)
            {
                text = try self.text(of: listed[index - 1], name, context)
            } else {
                throw context.error("ranking names \"\(name)\", which is not there")
            }
            replies.append(text)
            ranks.append(entry["rank"]?.double)
        }
        return PreferenceItem(
            prompt: prompt, replies: replies.map { .init(text: $0) },
            preferences: preferencesOf(ranks: ranks), isPlain: isPlain, origin: context.origin)
    }
}

/// Replies labelled good or bad one by one: every good one of a prompt over every bad one.
struct UnpairedReplies {
    private struct Group {
        var prompt: [ChatMessage]
        var isPlain: Bool
        var replies: [(text: String, isGood: Bool)] = []
        var origin: String
    }

    private var groups: [String: Group] = [:]
    private var order: [String] = []

    /// Takes a line of this form; false for others.
    mutating func add(_ line: JSONValue, _ context: PreferenceReader.LineContext) -> Bool {
        guard let completion = line["completion"], let label = line["label"]?.bool,
            let (prompt, isPlain) = try? PreferenceReader.messages(
                line["prompt"], "prompt", context),
            let text = try? PreferenceReader.text(of: completion, "completion", context)
        else { return false }
        let key = prompt.map { "\($0.role)\u{1f}\($0.content)" }.joined(separator: "\u{1e}")
        if groups[key] == nil {
            groups[key] = Group(prompt: prompt, isPlain: isPlain, origin: context.origin)
            order.append(key)
        }
        groups[key]?.replies.append((text, label))
        return true
    }

    func items(_ report: inout PreferenceReport) -> [PreferenceItem] {
        order.compactMap { key in
            guard let group = groups[key] else { return nil }
            var preferences: [PreferenceItem.Preference] = []
            for (i, a) in group.replies.enumerated() where a.isGood {
                for (j, b) in group.replies.enumerated() where !b.isGood {
                    preferences.append(.init(better: i, worse: j))
                }
            }
            if preferences.isEmpty {
                report.drop(.labelledAlone, group.origin)
                return nil
            }
            return PreferenceItem(
                prompt: group.prompt, replies: group.replies.map { .init(text: $0.text) },
                preferences: preferences, isPlain: group.isPlain, origin: group.origin)
        }
    }
}
