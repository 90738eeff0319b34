import Engine

/// A list with a filter: templates, models, conversations, settings, commands.
struct ListState: Sendable, Equatable {
    var filter = ""
    /// Index among the lines that pass the filter.
    var selected = 0
    /// A line being typed about the selected item: a new name, a tag.
    var input: Input?
    /// Ids of lines marked to be compared, in the order of marking.
    var marked: [String] = []

    struct Input: Sendable, Equatable {
        enum Purpose: Sendable, Equatable { case rename, tag, value }
        var purpose: Purpose
        var text: String
    }
}

/// A token of a prompt as it is shown.
public struct PromptToken: Sendable, Equatable {
    public var id: TokenID
    public var text: String
    public var isControl: Bool

    public init(id: TokenID, text: String, isControl: Bool) {
        self.id = id
        self.text = text
        self.isControl = isControl
    }
}

/// The exact prompt of the next reply.
public struct PromptSnapshot: Sendable, Equatable {
    public var tokens: [PromptToken]
    /// Tokens at the start that the key-value cache already holds.
    public var cached: Int
    public var use: ContextUse

    public init(tokens: [PromptToken], cached: Int, use: ContextUse) {
        self.tokens = tokens
        self.cached = cached
        self.use = use
    }
}

/// A token of a reply, with what else could have stood there.
public struct TokenDetail: Sendable, Equatable {
    public struct Alternative: Sendable, Equatable {
        public var id: TokenID
        public var text: String
        public var logProbability: Float

        public init(id: TokenID, text: String, logProbability: Float) {
            self.id = id
            self.text = text
            self.logProbability = logProbability
        }
    }

    public var id: TokenID
    public var text: String
    /// Nil for the first token of a prompt.
    public var logProbability: Float?
    public var alternatives: [Alternative]

    public init(
        id: TokenID, text: String, logProbability: Float?, alternatives: [Alternative] = []
    ) {
        self.id = id
        self.text = text
        self.logProbability = logProbability
        self.alternatives = alternatives
    }
}

/// The tokens of one reply.
struct TokenViewState: Sendable, Equatable {
    /// The candidate that is looked at, to continue from.
    var candidate: Int64?
    var title: String
    /// The prompt's tokens, then the reply's.
    var tokens: [TokenDetail] = []
    var promptCount = 0
    var isLoading = true
    var cursor = 0
    var alternative = 0
}

/// A page of text to scroll.
struct PageState: Sendable, Equatable {
    var top = 0
}

/// What lies over the conversation; at most one thing.
enum OverlayState: Sendable, Equatable {
    case help(PageState)
    case tour(PageState)
    case templates(ListState)
    case models(ListState)
    case conversations(ListState)
    case settings(ListState)
    case variables(ListState)
    case palette(ListState)
    case map(ListState)
    case disagreements(ListState)
    case links(ListState)
    case prompt(PageState, PromptSnapshot?)
    case tokens(TokenViewState)
    case attention(AttentionViewState)

    /// Whether what it shows has not come yet.
    var isLoading: Bool {
        switch self {
        case .tokens(let view): view.isLoading
        case .attention(let view): view.row.isEmpty
        case .prompt(_, let snapshot): snapshot == nil
        default: false
        }
    }

    var list: ListState? {
        get {
            switch self {
            case .templates(let list), .models(let list), .conversations(let list),
                .settings(let list), .variables(let list), .palette(let list), .map(let list),
                .disagreements(let list), .links(let list):
                list
            case .help, .tour, .prompt, .tokens, .attention: nil
            }
        }
        set {
            guard let newValue else { return }
            switch self {
            case .templates: self = .templates(newValue)
            case .models: self = .models(newValue)
            case .conversations: self = .conversations(newValue)
            case .settings: self = .settings(newValue)
            case .variables: self = .variables(newValue)
            case .palette: self = .palette(newValue)
            case .map: self = .map(newValue)
            case .disagreements: self = .disagreements(newValue)
            case .links: self = .links(newValue)
            case .help, .tour, .prompt, .tokens, .attention: break
            }
        }
    }

    var page: PageState? {
        get {
            switch self {
            case .help(let page), .tour(let page), .prompt(let page, _): page
            default: nil
            }
        }
        set {
            guard let newValue else { return }
            switch self {
            case .help: self = .help(newValue)
            case .tour: self = .tour(newValue)
            case .prompt(_, let snapshot): self = .prompt(newValue, snapshot)
            default: break
            }
        }
    }
}
