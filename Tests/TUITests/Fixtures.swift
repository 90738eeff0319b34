import Engine
import Foundation

@testable import TUI
@testable import TerminalKit

/// States to draw and to act on.
enum Fixture {
    static func empty(_ columns: Int = 80, _ rows: Int = 24) -> State {
        var state = State()
        state.size = ScreenSize(columns: columns, rows: rows)
        state.session.model = ModelStatus(
            name: "SmolLM2-135M-Instruct", detail: "135M · Q4_1", contextLength: 8192)
        state.session.templates = [
            Template(name: "chat", description: "Just the conversation."),
            Template(
                name: "sentiment", description: "Positive or negative, with a probability.",
                system: "You label movie reviews.",
                examples: [.init(user: "Review: a gorgeous movie", assistant: "positive")],
                input: "Review: {{ input }}", labels: ["positive", "negative"]),
            Template(
                name: "translate", input: "Into {{ language }}: {{ input }}",
                variables: ["language": String?.none]),
        ]
        state.context.total = 8192
        return state
    }

    static func message(
        _ id: Int64, _ role: Role, _ text: String, version: Int = 1, versions: Int = 1,
        siblings: [Int64] = [], reward: Double? = nil, finish: FinishReason? = nil
    ) -> TranscriptMessage {
        TranscriptMessage(
            id: id, role: role, text: text, version: version, versions: versions,
            siblings: siblings, candidate: role == .assistant ? id * 10 : nil,
            finishReason: finish, reward: reward,
            templateName: role == .assistant ? "chat" : nil,
            modelName: role == .assistant ? "SmolLM2-135M-Instruct" : nil)
    }

    static func chat(_ columns: Int = 80, _ rows: Int = 24) -> State {
        var state = empty(columns, rows)
        state.session.conversation = 1
        state.session.title = "Capitals"
        state.transcript.messages = [
            message(1, .user, "What is the capital of France?"),
            message(2, .assistant, "The capital of France is Paris.", reward: 0.42),
            message(3, .user, "And of 日本? Answer in one word, please. 🙂"),
            message(
                4, .assistant,
                "東京 (Tokyo). It has been the capital since 1868, when the emperor moved there from "
                    + "Kyoto; the name means \"eastern capital\". Cafe\u{301} culture, too.",
                version: 2, versions: 3, siblings: [5, 4, 6], finish: .length),
        ]
        state.context.turns = 118
        state.generation.tokensPerSecond = 92.4
        return state
    }

    static let replies = [
        "Paris is the capital of France.",
        "The capital of France is Paris, a city on the Seine with about two million people.",
        "The capital of France is Paris.\n\nIt lies on the river Seine and is known for the Eiffel "
            + "Tower, the Louvre and its cafés.",
        "France's capital is 巴黎 (Paris) 🗼.",
        "The capital of France is Lyon.", "Marseille!", "I do not know.",
        "Paris is the capital of France.",
    ]

    static func board(
        _ count: Int = 4, _ columns: Int = 80, _ rows: Int = 24, finished: Bool = true
    ) -> State {
        var state = chat(columns, rows)
        state.transcript.messages = Array(state.transcript.messages.prefix(1))
        var board = BoardState(candidates: (0..<count).map { Int64(100 + $0) }, parent: 1)
        board.recordID = 7
        for index in 0..<count {
            board.candidates[index].text = replies[index % replies.count]
            board.candidates[index].tokenCount = 8 + index * 3
            board.candidates[index].logProbability = -1.5 - Double(index)
            board.candidates[index].startedAt = 1
            board.candidates[index].finishedAt = 2
            if finished { board.candidates[index].finishReason = index == 2 ? .length : .stop }
        }
        board.phase = finished ? .complete : .streaming
        board.completedAt = finished ? 2 : nil
        state.board = board
        if !finished {
            state.generation.phase = .streaming
            state.generation.candidates = count
            state.generation.tokens = 44
        }
        state.now = 10
        return state
    }
}

extension Key {
    static func character(_ character: Character) -> Key {
        Key(.character(character), bytes: Array(String(character).utf8))
    }
    static func control(_ character: Character) -> Key {
        Key(
            .character(character), modifiers: .control,
            bytes: [(character.asciiValue ?? 0) & 0x1f])
    }
    static let enter = Key(.enter, bytes: [13])
    static let tab = Key(.tab, bytes: [9])
    static let escape = Key(.escape, bytes: [27])
}

extension State {
    /// Presses keys one after the other; returns what they asked for.
    @discardableResult
    mutating func press(_ keys: [Key]) -> [Effect] {
        keys.flatMap { update(&self, .keyPressed($0)) }
    }

    @discardableResult
    mutating func type(line: String) -> [Effect] {
        composer.text = line
        composer.cursor = line.utf8.count
        let effects = press([.enter])
        composer = ComposerState()
        return effects
    }
}
