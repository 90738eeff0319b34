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

    /// A reply's tokens with what else could have stood there.
    static var tokens: TokenViewState {
        var view = TokenViewState(candidate: 40, title: "Reply")
        view.isLoading = false
        view.promptCount = 2
        let pieces: [(String, Float?)] = [
            ("<|s|>", nil), ("Hi", -3), ("The", -0.1), (" 首都", -2.3), ("\n", -0.02),
        ]
        view.tokens = pieces.map { text, logProbability in
            TokenDetail(
                id: 1, text: text, logProbability: logProbability,
                alternatives: [
                    .init(id: 1, text: text, logProbability: -0.1),
                    .init(id: 2, text: " other", logProbability: -3),
                ])
        }
        view.cursor = 3
        return view
    }

    static var attention: AttentionViewState {
        var view = AttentionViewState(title: "Attention")
        let words = ["fruit", " flies", " like", " a", " 香蕉", "\n", "banana"]
        view.tokens = words.enumerated().map {
            PromptToken(id: Int32($0.offset), text: $0.element, isControl: false)
        }
        view.cursor = 5
        view.weights = (0..<30).map { layer in
            (0..<9).map { head in
                (0..<6).map { Float($0 == (layer + head) % 6 ? 0.75 : 0.05) }
            }
        }
        view.layer = 3
        view.select()
        return view
    }

    static var prompt: PromptSnapshot {
        var use = ContextUse()
        (use.system, use.examples, use.turns, use.reply, use.total) = (31, 0, 52, 512, 8192)
        let pieces: [(String, Bool)] = [
            ("<|im_start|>", true), ("system", false), ("\n", false), ("You are", false),
            (" helpful.", false), ("<|im_end|>", true), ("\n", false), ("<|im_start|>", true),
            ("user", false), ("\n", false), ("time flies like an arrow", false),
            ("<|im_end|>", true), ("\n", false),
        ]
        let tokens = pieces.enumerated().map {
            PromptToken(id: Int32($0.offset), text: $0.element.0, isControl: $0.element.1)
        }
        return PromptSnapshot(tokens: tokens, cached: 7, use: use)
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
