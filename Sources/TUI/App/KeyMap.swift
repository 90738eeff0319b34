import TerminalKit

/// Which part of the screen a key is for.
public enum KeyContext: String, Sendable, CaseIterable {
    case global, composer, board, messages, list, page

    var title: String {
        switch self {
        case .global: "Anywhere"
        case .composer: "Composer"
        case .board: "Board"
        case .messages: "Messages"
        case .list: "Lists"
        case .page: "Pages"
        }
    }
}

/// The one table that binds keys to commands. The footer, the help page, the palette and the
/// README's table of keys are all made from it.
public struct KeyMap: Sendable, Equatable {
    public struct Binding: Sendable, Equatable {
        public var context: KeyContext
        public var chords: [KeyChord]
        public var command: Command
        /// As the help writes the keys, where the list of chords would be long ("1–9").
        public var label: String?

        init(
            _ context: KeyContext, _ chords: [KeyChord], _ command: Command, label: String? = nil
        ) {
            self.context = context
            self.chords = chords
            self.command = command
            self.label = label
        }

        public var keys: String { label ?? chords.map(\.description).joined(separator: ", ") }
    }

    public private(set) var bindings: [Binding]
    private var table: [KeyContext: [KeyChord: Command]] = [:]

    init(bindings: [Binding]) {
        self.bindings = bindings
        rebuild()
    }

    private mutating func rebuild() {
        table = [:]
        for binding in bindings {
            for chord in binding.chords {
                table[binding.context, default: [:]][chord] = binding.command
            }
        }
    }

    /// The command of a key in a context: the context's own, else the one that works anywhere.
    func command(for key: Key, in context: KeyContext) -> Command? {
        let chord = KeyChord(key)
        return table[context]?[chord] ?? table[.global]?[chord]
    }

    /// The first key of a command, as the footer writes it.
    func firstKey(_ command: Command, in context: KeyContext) -> String? {
        let binding =
            bindings.first { $0.command == command && $0.context == context }
            ?? bindings.first { $0.command == command && $0.context == .global }
        return binding.flatMap { $0.label ?? $0.chords.first?.description }
    }

    /// Gives a command other keys. A key that another command of the context had goes over.
    ///
    /// - Returns: false where the text names no key.
    public mutating func bind(_ keys: [String], to command: Command, in context: KeyContext) -> Bool
    {
        var chords: [KeyChord] = []
        for key in keys {
            guard let chord = KeyChord(key) else { return false }
            chords.append(chord)
        }
        for index in bindings.indices where bindings[index].context == context {
            bindings[index].chords.removeAll { chords.contains($0) }
            if bindings[index].command == command { bindings[index].chords = [] }
        }
        bindings.removeAll { $0.chords.isEmpty }
        bindings.append(Binding(context, chords, command))
        rebuild()
        return true
    }

    /// The README's table: a context after the other, two bindings a line.
    public func markdownTable() -> String {
        var lines = ["| key | what it does | key | what it does |", "|---|---|---|---|"]
        for context in [.composer, .board, .messages, .global, .list, .page] as [KeyContext] {
            lines.append("| **\(context.title)** | | | |")
            let cells = bindings.filter { $0.context == context }.map { binding in
                let keys = binding.chords.map { "`\($0)`" }.joined(separator: " ")
                let shown = binding.label.map { "`\($0)`" } ?? keys
                return "\(shown.replacing("|", with: "\\|")) | \(binding.command.help)"
            }
            let half = (cells.count + 1) / 2
            for row in 0..<half {
                let second = row + half < cells.count ? cells[row + half] : " | "
                lines.append("| \(cells[row]) | \(second) |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension KeyMap {
    public static let standard = KeyMap(bindings: [
        // Enter, Tab, Esc and what a terminal calls a control key.
        Binding(.composer, [KeyChord(.enter)], .send),
        Binding(.composer, [KeyChord(.enter, .alt), .control("j")], .newline),
        Binding(.composer, [KeyChord(.tab)], .focusNext),
        Binding(.composer, [KeyChord(.backtab)], .messages),
        Binding(.composer, [KeyChord(.escape)], .stop),
        Binding(.composer, [.control("c")], .interrupt),
        Binding(.composer, [.control("d")], .endOfInput),
        Binding(.composer, [.control("o")], .editExternally),
        // On an empty line only: elsewhere it is a letter like any other.
        Binding(.composer, [.character("?")], .contextHelp),

        Binding(
            .board, [KeyChord(.left), .character("h")], .boardLeft),
        Binding(.board, [KeyChord(.right), .character("l")], .boardRight),
        Binding(.board, [KeyChord(.up), .character("k")], .boardUp),
        Binding(.board, [KeyChord(.down), .character("j")], .boardDown),
        Binding(
            .board, (1...9).map { .character(Character(String($0))) }, .rank, label: "1–9"),
        Binding(.board, [.character("=")], .tie),
        Binding(.board, [.character("0")], .allBad),
        Binding(.board, [KeyChord(.backspace), KeyChord(.delete)], .unrank),
        Binding(.board, [.character("u")], .undoRanking),
        Binding(.board, [KeyChord(.enter)], .submitRanking),
        Binding(.board, [.character("a")], .accept),
        Binding(.board, [.character("r")], .orderByReward),
        Binding(.board, [.character("b")], .toggleScores),
        Binding(.board, [.character("+")], .addCandidate),
        Binding(.board, [.character("K")], .endCandidate),
        Binding(.board, [.character("z")], .zoom),
        Binding(.board, [.character("B")], .toggleBlind),
        Binding(.board, [.character("e")], .editCandidate),
        Binding(.board, [.character("f")], .foldDuplicates),
        Binding(.board, [.character("d")], .markDifferences),
        Binding(.board, [.character("t")], .tokens),
        Binding(.board, [.character("v")], .attention),
        Binding(.board, [.character("y")], .copyReply),
        Binding(.board, [.character("Y")], .copyCode),
        Binding(.board, [.character("D")], .disagreements),
        Binding(.board, [.character("[")], .boardShorter),
        Binding(.board, [.character("]")], .boardTaller),
        Binding(
            .board, [KeyChord(.escape), KeyChord(.tab), KeyChord(.backtab)], .focusComposer),
        Binding(.board, [.character("?")], .contextHelp),
        Binding(.board, [.control("c")], .interrupt),

        Binding(.messages, [KeyChord(.up), .character("k")], .messageUp),
        Binding(.messages, [KeyChord(.down), .character("j")], .messageDown),
        Binding(.messages, [KeyChord(.left), .character("h")], .previousSibling),
        Binding(.messages, [KeyChord(.right), .character("l")], .nextSibling),
        Binding(.messages, [.character("e"), KeyChord(.enter)], .editMessage),
        Binding(.messages, [.character("r")], .regenerate),
        Binding(.messages, [.character("c")], .continueReply),
        Binding(.messages, [.character("b")], .branchHere),
        Binding(.messages, [.character("o")], .openBoard),
        Binding(.messages, [.character("m")], .map),
        Binding(.messages, [.character("t")], .tokens),
        Binding(.messages, [.character("v")], .attention),
        Binding(.messages, [.character("y")], .copyReply),
        Binding(.messages, [.character("Y")], .copyCode),
        Binding(.messages, [.character("x")], .links),
        Binding(.messages, [.character("D")], .disagreements),
        Binding(.messages, [.character("u")], .undo),
        Binding(.messages, [KeyChord(.home), .character("g")], .scrollToStart),
        Binding(.messages, [KeyChord(.end), .character("G")], .scrollToEnd),
        Binding(
            .messages, [KeyChord(.escape), KeyChord(.tab), KeyChord(.backtab)], .focusComposer),
        Binding(.messages, [.character("?")], .contextHelp),
        Binding(.messages, [.control("c")], .interrupt),

        Binding(.list, [KeyChord(.up), .control("p")], .up),
        Binding(.list, [KeyChord(.down), .control("n")], .down),
        Binding(.list, [KeyChord(.left)], .left),
        Binding(.list, [KeyChord(.right)], .right),
        Binding(.list, [KeyChord(.pageUp)], .pageUp),
        Binding(.list, [KeyChord(.pageDown)], .pageDown),
        Binding(.list, [KeyChord(.home)], .first),
        Binding(.list, [KeyChord(.end)], .last),
        Binding(.list, [KeyChord(.enter)], .choose),
        Binding(.list, [KeyChord(.tab)], .markItem),
        Binding(.list, [KeyChord(.delete)], .deleteItem),
        Binding(.list, [.control("r")], .renameItem),
        Binding(.list, [.control("t")], .tagItem),
        Binding(.list, [.control("e")], .exportItem),
        Binding(.list, [.control("u")], .undo),
        Binding(.list, [KeyChord(.escape), .control("c")], .close),

        Binding(.page, [KeyChord(.up), .character("k")], .up),
        Binding(.page, [KeyChord(.down), .character("j")], .down),
        Binding(.page, [KeyChord(.left), .character("h")], .left),
        Binding(.page, [KeyChord(.right), .character("l")], .right),
        Binding(.page, [KeyChord(.pageUp), .control("b")], .pageUp),
        Binding(.page, [KeyChord(.pageDown), .character(" ")], .pageDown),
        Binding(.page, [KeyChord(.home), .character("g")], .first),
        Binding(.page, [KeyChord(.end), .character("G")], .last),
        Binding(.page, [.character("<")], .previousHead),
        Binding(.page, [.character(">")], .nextHead),
        Binding(.page, [.character("s")], .toggleSink),
        Binding(.page, [KeyChord(.enter)], .choose),
        Binding(.page, [.character("?")], .contextHelp),
        Binding(.page, [KeyChord(.escape), .character("q"), .control("c")], .close),

        Binding(.global, [.function(1)], .help),
        Binding(.global, [.function(2)], .templates),
        Binding(.global, [.function(3)], .models),
        Binding(.global, [.function(4)], .candidates),
        Binding(.global, [.function(5)], .newBoard),
        Binding(.global, [.function(6)], .order),
        Binding(.global, [.function(7)], .messages),
        Binding(.global, [.function(8)], .conversations),
        Binding(.global, [.function(9)], .prompt),
        Binding(.global, [.function(10), .control("q")], .quit),
        Binding(.global, [.function(11)], .settings),
        Binding(.global, [.function(12), .alt("x")], .palette),
        Binding(.global, [.alt("r")], .trainReward),
        Binding(.global, [.alt("s")], .stopTraining),
        Binding(.global, [.alt("a")], .takeReward),
        Binding(.global, [.alt("z")], .revertReward),
        Binding(.global, [KeyChord(.pageUp)], .scrollPageUp),
        Binding(.global, [KeyChord(.pageDown)], .scrollPageDown),
        Binding(.global, [KeyChord(.up, .shift)], .scrollUp),
        Binding(.global, [KeyChord(.down, .shift)], .scrollDown),
        Binding(.global, [KeyChord(.home, .control)], .scrollToStart),
        Binding(.global, [KeyChord(.end, .control)], .scrollToEnd),
        Binding(.global, [.control("l")], .redraw),
        Binding(.global, [.control("z")], .suspend),
    ])
}
