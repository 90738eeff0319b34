import Engine

/// A model that can be chosen.
public struct ModelChoice: Sendable, Equatable {
    public var name: String
    public var path: String
    /// "135M · Q4_1 · 98 MB", or what to do to have it.
    public var detail: String
    public var isInstalled: Bool

    public init(name: String, path: String, detail: String, isInstalled: Bool) {
        self.name = name
        self.path = path
        self.detail = detail
        self.isInstalled = isInstalled
    }
}

/// The model in use.
struct ModelStatus: Sendable, Equatable {
    var name: String
    var detail: String
    var contextLength: Int
    var path = ""
}

/// What the conversation runs on: conversation, template, model, reward model.
struct SessionState: Sendable, Equatable {
    /// Nil until the first message makes one.
    var conversation: Int64?
    var title = ""
    var systemText: String?
    var templateName = "chat"
    var templates: [Template] = []
    /// Values for the template's variables, by template and variable.
    var variables: [String: [String: String]] = [:]
    /// Tokens that system text and examples of a template take, by template name.
    var templateTokens: [String: Int] = [:]
    /// How templates, models and settings did where boards compared them.
    var comparisons: [ComparisonRecord] = []
    var model: ModelStatus?
    /// Share of a model that is loaded, while one is being loaded.
    var loading: (name: String, share: Double)? {
        get { loadingName.map { ($0, loadingShare) } }
        set {
            loadingName = newValue?.name
            loadingShare = newValue?.share ?? 0
        }
    }
    private var loadingName: String?
    private var loadingShare = 0.0
    var models: [ModelChoice] = []
    /// Name of the reward model; nil where there is none, and then no score is shown.
    var rewardModel: String?

    /// "wins 62%", for what was compared under this name.
    func wins(_ kind: ComparisonRecord.Kind, _ name: String) -> String? {
        comparisons.first { $0.kind == kind && $0.name == name }?.winRate
            .map { "wins \(Format.percent($0))" }
    }

    var template: Template? { templates.first { $0.name == templateName } }
    /// The template's variables that have neither a value nor a default.
    var missingVariables: [String] {
        guard let template else { return [] }
        let given = variables[templateName] ?? [:]
        return template.variables.filter { $0.value == nil && given[$0.key] == nil }
            .map(\.key).sorted()
    }
}

/// How the last or the running generation goes.
struct GenerationState: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        case idle
        /// Asked for, and nothing heard yet.
        case starting
        case reading(done: Int, total: Int)
        case streaming
        /// The person asked for the end; the last events are on their way.
        case stopping
    }

    var phase = Phase.idle
    var startedAt = 0.0
    var firstTokenAt: Double?
    var tokens = 0
    var candidates = 0
    /// Over all candidates, of the latest generation.
    var tokensPerSecond: Double?

    var isRunning: Bool { phase != .idle }
}

/// Where the context's tokens go.
public struct ContextUse: Sendable, Equatable {
    public var system = 0
    public var examples = 0
    public var turns = 0
    /// Tokens of older turns that did not fit and were left out, and how many messages.
    public var droppedMessages = 0
    /// Kept free for the reply.
    public var reply = 0
    public var total = 0

    public init() {}

    public var used: Int { system + examples + turns }
}
