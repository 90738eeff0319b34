import Engine
import TerminalKit

/// Which part of the screen keys go to while nothing lies over it.
enum Focus: Sendable, Equatable { case composer, board, messages }

/// Everything the screen shows. It changes only in ``update(_:_:)``, and `render` needs
/// nothing else.
struct State: Sendable {
    var size = ScreenSize(columns: 80, rows: 24)
    /// Seconds of the screen's clock; moved by ``Action/timePassed(_:)`` alone.
    var now = 0.0
    var focus = Focus.composer
    var keyMap = KeyMap.standard
    var theme = Theme.dark
    var session = SessionState()
    var settings = ChatSettings()
    var transcript = TranscriptState()
    var board: BoardState?
    /// What readline holds, as last reported.
    var composer = ComposerState()
    /// Words that Tab could complete to, while there are several.
    var completions: [String] = []
    /// The message or reply that the composer is editing; nil writes a new one.
    var editTarget: EditTarget?
    var generation = GenerationState()
    var context = ContextUse()
    var notices = NoticesState()
    var training = TrainingState.idle
    var overlay: OverlayState? {
        didSet {
            if case .help = overlay { return }
            covered = nil
        }
    }
    /// What help was opened over, and comes back after it.
    var covered: OverlayState?
    var conversations = ConversationsState()
    /// The conversation's tree, for its map.
    var tree: [TreeNode] = []
    /// Messages typed while a reply streamed, sent one after the other.
    var queue: [String] = []
    /// What undo takes back, newest last.
    var undo: [UndoStep] = []
    var showsScores = true
    var isBlind = false
    /// Order new boards by reward as soon as they are scored.
    var ordersByReward = false
    var isQuitting = false
    /// Where the reward model would have ranked otherwise; nil while that is being found out.
    var disagreements: [Disagreement]?
    /// The tokens looked at last.
    var inspected: TokenViewState?
    /// Rows that the person gave the board; nil gives it what its replies need.
    var boardRows: Int?
    /// The board's upper edge is being dragged.
    var isDraggingBoard = false
    /// Whether the terminal's window has the person's attention; nil where it does not tell.
    var isFocused: Bool?
    var bell = BellMode.away

    /// The part of the key map that counts now.
    var keyContext: KeyContext { overlay?.keyContext ?? focus.keyContext }

    /// Whether something on the screen moves by itself.
    var isAnimated: Bool {
        generation.isRunning || session.loading != nil || notices.current?.expiresAt != nil
    }
}

extension Focus {
    var keyContext: KeyContext {
        switch self {
        case .composer: .composer
        case .board: .board
        case .messages: .messages
        }
    }
}

extension OverlayState {
    var keyContext: KeyContext { list == nil ? .page : .list }
}

/// What the text in the composer replaces.
enum EditTarget: Sendable, Equatable {
    case message(Int64)
    case candidate(Int)
}

extension ComposerState {
    var isEmpty: Bool { text.isEmpty }
    /// Letters are commands of readline's there, as `?` for a search.
    var isInViCommandMode: Bool { mode == "vi" || mode == "vi-command" }
    /// A line for the program itself; two slashes begin an ordinary message.
    var isCommand: Bool {
        text.hasPrefix("/") && !text.hasPrefix("//") && !text.contains("\n")
    }
}

/// What a destructive step changed, so that it can be taken back.
enum UndoStep: Sendable, Equatable {
    /// Another leaf was selected.
    case selected(conversation: Int64, leaf: Int64?)
    case deletedConversation(Int64)
    case ranked(Int64)
}

/// The list of stored conversations, for the query it was made with.
struct ConversationsState: Sendable, Equatable {
    var query = ""
    var entries: [ConversationEntry] = []
}

/// A conversation in the list, with the passage that a search found.
public struct ConversationEntry: Sendable, Equatable {
    public var conversation: Conversation
    /// When it was last changed, as people say it: "today", "yesterday", or a date.
    public var day: String
    public var snippet: String?
    public var highlights: [Range<Int>]
    /// The message to jump to.
    public var message: Int64?

    public init(
        conversation: Conversation, day: String, snippet: String? = nil,
        highlights: [Range<Int>] = [], message: Int64? = nil
    ) {
        self.conversation = conversation
        self.day = day
        self.snippet = snippet
        self.highlights = highlights
        self.message = message
    }
}
