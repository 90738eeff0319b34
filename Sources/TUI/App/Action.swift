import Engine
import TerminalKit

/// A fact that has come to pass; the only thing that changes the state.
enum Action: Sendable {
    // The person
    case keyPressed(Key)
    case pasted(String)
    case resized(ScreenSize)
    case mouseUsed(MouseEvent)
    case focusChanged(Bool)
    case composerChanged(ComposerState)
    /// Enter in a history search, which readline took.
    case composerAccepted(String)
    case completionsOffered([String])
    case editorReturned(String?)

    /// The screen's clock, in seconds; sent before what happened then.
    case timePassed(Double)

    // The session
    case conversationShown(ConversationSnapshot)
    case conversationsListed(query: String, [ConversationEntry])
    case templatesChanged([Template])
    case templateMeasured(name: String, tokens: Int)
    case comparisonsChanged([ComparisonRecord])
    case modelsListed([ModelChoice])
    case modelLoadProgressed(name: String, share: Double)
    case modelLoaded(ModelStatus)
    case modelLoadFailed(String)
    case rewardModelChanged(String?)
    case contextMeasured(ContextUse)
    case promptRendered(PromptSnapshot)
    case treeListed([TreeNode])
    case disagreementsListed([Disagreement])
    case themeChanged(Theme)
    /// A template's file is there to be edited.
    case templateFileFound(String)

    // A generation
    /// One was begun by the runner itself: an edited message is answered anew.
    case generationRequested
    case generationStarted(GenerationStart)
    case promptRead(done: Int, total: Int)
    case tokensReceived([TokenBatch])
    case candidateFinished(Candidate)
    case candidateAdded(Candidate)
    case rewardsReceived([Int64: Double], rewardModel: String)
    case labelsReceived([LabelProbability])
    /// The only reply became the conversation's next message.
    case replyAdopted(message: Int64)
    case generationFinished(tokensPerSecond: Double?)
    case generationFailed(String)

    // A reward model in the making
    case trainingProgressed(Double)
    case trainingFinished(RewardContest)
    case trainingFailed(String)
    /// Another one scores from now on, or none; one of before, where the person went back.
    case rewardChosen(String?, isBack: Bool)

    // A board
    case boardShown(BoardSnapshot)
    /// A ranking or an acceptance is on disk; without a reply to go on with after "all bad".
    case boardDecided(ranking: Int64?, continued: Bool)
    /// The prompt's tokens, then the reply's.
    case tokensInspected(candidate: Int64?, [TokenDetail], promptCount: Int)
    case attentionOpened([PromptToken], cursor: Int)
    case attentionRead(position: Int, [[[Float]]])

    /// The effects up to an ``Effect/report`` are done.
    case effectsDone
    // Anything else worth a line
    case noticed(Notice.Kind, String)
}

/// A conversation as it is to be shown: the path to the selected leaf.
struct ConversationSnapshot: Sendable {
    var conversation: Conversation
    var messages: [TranscriptMessage]
    /// Jump here, where a search asked for it.
    var focusMessage: Int64?
}

/// A generation that has begun.
struct GenerationStart: Sendable, Equatable {
    var board: Int64?
    var parent: Int64?
    /// In the order of sampling.
    var candidates: [Int64]
    /// What sets each candidate apart, where a board compares; empty otherwise.
    var variants: [String]
    /// The beginning that each reply is given, for a continued reply.
    var prefix: String = ""
    var use: ContextUse
}

/// Text of one candidate that came since the last frame.
struct TokenBatch: Sendable, Equatable {
    var candidate: Int64
    var text: String
    /// Tokens of all its text so far, and the sum of their log-probabilities.
    var tokens: Int
    var logProbability: Double
}

/// A stored board that is shown again.
struct BoardSnapshot: Sendable {
    var board: Board
    /// What sets each candidate apart; empty where nothing does.
    var variants: [String]
    var rankings: [Ranking]
}
