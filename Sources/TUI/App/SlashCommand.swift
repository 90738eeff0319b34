import TerminalKit

/// A line that begins with `/`, understood.
enum SlashCommand: Sendable, Equatable {
    case command(Command)
    case template(String)
    case candidates(Int)
    case set(SettingKey, String)
    case showSettings
    case system(String)
    case model(String)
    case conversation(String)
    case open(Int64)
    case attention(String)
    case compare([String])
    case variable(String, String)
    case saveTemplate(String)
    case editTemplate(String?)
    case rank([Int])
    case accept(Int)
    case allBad
    case regenerate
    case continueReply
    case title(String)
    case tags([String])
    case export(String?)
    case deleteConversation
    case importFile(String)
    case theme(String)
    case mouse(Bool)
    case bell(BellMode)
    // What the line mode has no selection for: messages, replies and tokens by their number.
    case revise(Int?, String)
    case version(Int, Int)
    case branch(Int)
    case vote(Int?)
    case amend(Int, String)
    case end(Int)
    case pick(Int, Int)

    struct Definition: Sendable {
        var name: String
        var arguments: String
        var help: String
        /// Nil where the arguments are not what it takes.
        var parse: @Sendable (String) -> Parsed
    }

    enum Parsed: Sendable {
        case command(SlashCommand)
        case wrong
        case message(String)
    }

    /// Every `/` command, in the order of the help.
    static let all: [Definition] = [
        word("template", "NAME", "Answer under another template from now on.") {
            $0.isEmpty ? .command(.templates) : .template($0)
        },
        .init(name: "n", arguments: "N", help: "Sample N replies a turn.") {
            guard let count = Int($0), (1...ChatSettings.candidateLimit).contains(count) else {
                return .message(
                    "/n takes a number from 1 to \(ChatSettings.candidateLimit), as in /n 4.")
            }
            return .command(.candidates(count))
        },
        .init(
            name: "set", arguments: "NAME VALUE",
            help: "Set temperature, top_k, top_p, min_p, max_tokens, seed, …"
        ) { text in
            let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
            guard let name = parts.first else { return .command(.showSettings) }
            guard let key = SettingKey(rawValue: name.replacing("-", with: "_")) else {
                let known = SettingKey.allCases.map(\.rawValue).joined(separator: ", ")
                return .message("There is no setting \"\(name)\"; known are \(known).")
            }
            guard parts.count == 2 else { return .message("/set \(name) needs a value.") }
            return .command(.set(key, parts[1]))
        },
        word("system", "TEXT", "Set the system text; alone it takes it away.") { .system($0) },
        plain("regen", "Sample the last reply anew.", .regenerate),
        plain("continue", "Go on where the last reply was cut.", .continueReply),
        .init(
            name: "rank", arguments: "R R …",
            help: "Rank the board in the order shown, as in /rank 1 2 2 3; 0 leaves out."
        ) { text in
            let ranks = text.split(separator: " ").map { Int($0) }
            guard !ranks.isEmpty, ranks.allSatisfy({ $0 != nil && (0...99).contains($0 ?? -1) })
            else { return .message("/rank takes a rank for each reply, as in /rank 1 2 2 3.") }
            return .command(.rank(ranks.compactMap(\.self)))
        },
        .init(name: "accept", arguments: "N", help: "Go on with the Nth reply.") { text in
            if text.isEmpty { return .command(.command(.accept)) }
            let upper = text.uppercased()
            if let letter = upper.unicodeScalars.first, upper.count == 1, letter.isASCII,
                ("A"..."Z").contains(Character(letter))
            {
                return .command(.accept(Int(letter.value) - 64))
            }
            guard let number = Int(text), number > 0 else {
                return .message("/accept takes the number of a reply, as in /accept 2.")
            }
            return .command(.accept(number))
        },
        plain("bad", "Record that all replies are bad.", .allBad),
        plain("more", "Sample one more reply.", .command(.addCandidate)),
        .init(
            name: "compare", arguments: "WHAT WHAT …",
            help: "Answer the last message under several templates, models or settings, as in "
                + "/compare chat riddle,temperature=1."
        ) { text in
            let sides = text.split(separator: " ").map(String.init)
            return sides.count > 1 ? .command(.compare(sides)) : .wrong
        },
        .init(
            name: "var", arguments: "NAME VALUE", help: "Give a variable of the template a value."
        ) { text in
            let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return .wrong }
            return .command(.variable(parts[0], parts[1]))
        },
        .init(
            name: "save", arguments: "NAME", help: "Save the present settings as a template."
        ) { $0.isEmpty ? .wrong : .command(.saveTemplate($0)) },
        word("edit", "[TEMPLATE]", "Edit a template in $EDITOR.") {
            .editTemplate($0.isEmpty ? nil : $0)
        },
        word("model", "NAME", "Load another model.") {
            $0.isEmpty ? .command(.models) : .model($0)
        },
        plain("new", "Start a new conversation.", .command(.newConversation)),
        word("conversations", "[WORDS]", "Open or search conversations.") { .conversation($0) },
        .init(
            name: "open", arguments: "NUMBER", help: "Open the conversation of that number."
        ) { Int64($0).map { .command(.open($0)) } ?? .wrong },
        word("title", "TEXT", "Name the conversation.") { .title($0) },
        word("tag", "NAME …", "Set the conversation's tags.") {
            .tags($0.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init))
        },
        word(
            "export", "[PATH]",
            "Write the conversation to a file: Markdown, or by its ending .jsonl or .messages.jsonl."
        ) {
            .export($0.isEmpty ? nil : $0)
        },
        plain("delete", "Delete the conversation; /undo takes that back.", .deleteConversation),
        .init(
            name: "import", arguments: "PATH",
            help: "Import conversations: ours, ChatGPT's conversations.json, TRL messages."
        ) { $0.isEmpty ? .wrong : .command(.importFile($0)) },
        plain("undo", "Take the last change back.", .command(.undo)),
        plain("map", "Show the tree of versions.", .command(.map)),
        plain("prompt", "Show the exact prompt.", .command(.prompt)),
        plain("tokens", "Show the last reply's tokens.", .command(.tokens)),
        word(
            "attention", "[TEXT]", "Show what a token of the last reply, or of a text, attends to."
        ) {
            .attention($0)
        },
        .init(name: "copy", arguments: "[code]", help: "Copy the last reply, or its code.") {
            switch $0 {
            case "": .command(.command(.copyReply))
            case "code": .command(.command(.copyCode))
            default: .wrong
            }
        },
        plain("links", "Open a link.", .command(.links)),
        plain("blind", "Hide names and scores, and shuffle.", .command(.toggleBlind)),
        plain("order", "Order the board by reward, or as sampled.", .command(.order)),
        plain("scores", "Hide or show the scores.", .command(.toggleScores)),
        plain(
            "disagreements", "Show where the reward model disagrees with you.",
            .command(.disagreements)),
        .init(
            name: "train", arguments: "[stop|take|back]",
            help: "Learn a reward model from your rankings in the background; stop that, take the "
                + "new one, or go back to the one before."
        ) {
            switch $0 {
            case "": .command(.command(.trainReward))
            case "stop": .command(.command(.stopTraining))
            case "take": .command(.command(.takeReward))
            case "back": .command(.command(.revertReward))
            default: .wrong
            }
        },
        plain("messages", "Walk the messages.", .command(.messages)),
        .init(
            name: "revise", arguments: "[MESSAGE] TEXT",
            help: "Edit a message by its number, else your last one, and answer it anew."
        ) { text in
            let (number, rest) = numbered(text)
            return rest.isEmpty ? .wrong : .command(.revise(number, rest))
        },
        numbers("version", "MESSAGE VERSION", "Show another version of a message.") {
            .version($0, $1)
        },
        number("branch", "MESSAGE", "Write the next message after this one.") { .branch($0) },
        .init(
            name: "vote", arguments: "[MESSAGE]",
            help: "Show the replies to a message again, to rank them."
        ) { text in
            guard !text.isEmpty else { return .command(.vote(nil)) }
            return Int(text).map { .command(.vote($0)) } ?? .wrong
        },
        .init(
            name: "amend", arguments: "REPLY TEXT",
            help: "Write a reply of the board yourself; yours ranks above it."
        ) { text in
            let (number, rest) = numbered(text)
            guard let number, !rest.isEmpty else { return .wrong }
            return .command(.amend(number, rest))
        },
        number("end", "REPLY", "Rule a reply of the board out: its stream ends, it ranks last.") {
            .end($0)
        },
        numbers(
            "pick", "TOKEN ALTERNATIVE",
            "After /tokens: put another token in a place, and go on from there."
        ) { .pick($0, $1) },
        word("theme", "NAME", "Change the colours: dark, light, high-contrast, 16, monochrome.") {
            .theme($0)
        },
        .init(name: "mouse", arguments: "on|off", help: "Let the mouse scroll and select.") {
            switch $0 {
            case "on": .command(.mouse(true))
            case "off": .command(.mouse(false))
            default: .wrong
            }
        },
        .init(
            name: "bell", arguments: BellMode.allCases.map(\.rawValue).joined(separator: "|"),
            help: "Ring as a reply of over 5 seconds ends: where you look elsewhere, or the "
                + "terminal does not tell; always; never."
        ) { BellMode(rawValue: $0).map { .command(.bell($0)) } ?? .wrong },
        plain("tour", "Show the first five things to know.", .command(.tour)),
        plain("settings", "Open the settings.", .command(.settings)),
        plain("help", "Show keys and commands.", .command(.help)),
        plain("quit", "Leave.", .command(.quit)),
    ]

    private static func plain(
        _ name: String, _ help: String, _ command: SlashCommand
    ) -> Definition {
        Definition(name: name, arguments: "", help: help) {
            $0.isEmpty ? .command(command) : .wrong
        }
    }

    private static func word(
        _ name: String, _ arguments: String, _ help: String,
        _ make: @escaping @Sendable (String) -> SlashCommand
    ) -> Definition {
        Definition(name: name, arguments: arguments, help: help) { .command(make($0)) }
    }

    private static func number(
        _ name: String, _ arguments: String, _ help: String,
        _ make: @escaping @Sendable (Int) -> SlashCommand
    ) -> Definition {
        Definition(name: name, arguments: arguments, help: help) {
            Int($0).map { .command(make($0)) } ?? .wrong
        }
    }

    private static func numbers(
        _ name: String, _ arguments: String, _ help: String,
        _ make: @escaping @Sendable (Int, Int) -> SlashCommand
    ) -> Definition {
        Definition(name: name, arguments: arguments, help: help) { text in
            let numbers = text.split(separator: " ").map { Int($0) }
            guard numbers.count == 2, let first = numbers[0], let second = numbers[1] else {
                return .wrong
            }
            return .command(make(first, second))
        }
    }

    /// A number before a text, where there is one.
    private static func numbered(_ text: String) -> (Int?, String) {
        let parts = text.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        guard parts.count == 2, let number = Int(parts[0]) else { return (nil, text) }
        return (number, parts[1])
    }

    /// Reads a line with its `/`.
    static func parse(_ line: String) -> Parsed {
        let body = line.dropFirst()
        let name = body.prefix { !$0.isWhitespace }
        let rest = String(body.dropFirst(name.count)).trimmingWhitespace
        let found =
            all.first { $0.name == name }
            ?? {
                let starting = all.filter { !name.isEmpty && $0.name.hasPrefix(name) }
                return starting.count == 1 ? starting.first : nil
            }()
        guard let found else {
            return .message("There is no command /\(name); /help lists them all.")
        }
        if case .wrong = found.parse(rest) {
            let usage = found.arguments.isEmpty ? found.name : "\(found.name) \(found.arguments)"
            return .message("Use it as /\(usage): \(found.help)")
        }
        return found.parse(rest)
    }

    /// What Tab may complete the word under the cursor to.
    static func completions(of text: String, state: State) -> [String] {
        guard text.hasPrefix("/") else { return [] }
        let words = text.dropFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count > 1 else {
            let typed = words.first ?? ""
            return all.map(\.name).filter { $0.hasPrefix(typed) }.map { "/" + $0 }
        }
        let candidates: [String]
        switch words[0] {
        case "template", "edit": candidates = state.session.templates.map(\.name)
        case "compare":
            candidates =
                state.session.templates.map(\.name)
                + state.session.models.filter(\.isInstalled).map(\.name)
                + SettingKey.allCases.map { "\($0.rawValue)=" }
        case "theme": candidates = Theme.builtIn.map(\.name)
        case "mouse": candidates = ["on", "off"]
        case "bell": candidates = BellMode.allCases.map(\.rawValue)
        case "train": candidates = ["stop", "take", "back"]
        case "model": candidates = state.session.models.map(\.name)
        case "set" where words.count == 2: candidates = SettingKey.allCases.map(\.rawValue)
        case "var" where words.count == 2:
            candidates = (state.session.template?.variables.keys).map(Array.init) ?? []
        case "n": candidates = ["1", "2", "4", "8"]
        default: candidates = []
        }
        let typed = words.last ?? ""
        let start = text.dropLast(typed.count)
        return candidates.filter { $0.hasPrefix(typed) }.sorted().map { start + $0 }
    }
}
