import Engine
import TerminalKit

/// Something to do outside of the state. The runner does it and answers with actions.
enum Effect: Sendable, Equatable {
    // The terminal
    case quit
    case suspend
    case redraw
    case bell
    case copy(String)
    case feedComposer(Key)
    case insertIntoComposer(String)
    case setComposer(String)
    case addHistory(String)
    case completeCommand
    /// Edits the text of the composer.
    case openEditor(String)
    case openFile(String)
    case setMouse(Bool)
    /// In the person's browser.
    case openLink(String)
    case loadTheme(String)
    /// The first-run page was seen.
    case rememberTour

    // Generating
    case startGeneration(GenerationPlan)
    case cancelGeneration
    case cancelCandidate(Int64)
    case addCandidate(board: Int64)

    // The board
    case submitRanking(RankingSubmission)
    case acceptCandidate(Int64)
    case editCandidate(CandidateEdit)
    case retractRanking(Int64)
    /// The latest board of several replies to a message of the person.
    case showBoard(message: Int64)
    /// Scores the replies with the reward model there is now.
    case scoreBoard(Int64)
    case listDisagreements
    case inspectTokens(candidate: Int64?, message: Int64?)
    case openAttention(AttentionSubject)
    case readAttention(ids: [TokenID], position: Int)
    case continueFrom(candidate: Int64, token: Int, alternative: TokenID, GenerationPlan)

    // The reward model
    case trainReward
    case stopTraining
    case takeReward
    case revertReward

    // The session
    case selectTemplate(String)
    case measureTemplate(String)
    case editTemplate(String)
    case saveTemplate(name: String, ChatSettings)
    case listModels
    case loadModel(String)
    case setSystemText(String?)
    case renderPrompt(GenerationPlan)
    case measureContext(GenerationPlan)

    // Conversations
    case newConversation
    case listConversations(String)
    case openConversation(Int64, message: Int64?)
    case renameConversation(Int64, String)
    case tagConversation(Int64, [String])
    case deleteConversation(Int64)
    case restoreConversation(Int64)
    case exportConversation(Int64, path: String?)
    case importConversations(String)
    case selectMessage(Int64)
    case editMessage(Int64, String, GenerationPlan?)
    case selectLeaf(conversation: Int64, leaf: Int64?)
    case listTree
    case saveDraft(String)
    /// Answered when the effects before it are done.
    case report
}

/// What to generate, and with which settings.
struct GenerationPlan: Sendable, Equatable {
    enum Subject: Sendable, Equatable {
        /// A new message of the person, to be stored and answered.
        case message(String)
        /// Another reply to the last turn, or to the user's message given.
        case again(message: Int64?)
        /// The reply goes on from where it ended.
        case continuation(message: Int64)
    }

    var subject: Subject
    var count: Int
    var settings: ChatSettings
    var templateName: String
    var variables: [String: String]
    /// What to answer with side by side; empty for ``templateName`` and ``settings`` alone.
    var compared: [ComparedVariant] = []
    /// The message that the new one follows, where it is not the selected leaf.
    var parent: Int64?
}

/// One side of a comparison: what it has in the place of the conversation's own.
struct ComparedVariant: Sendable, Equatable {
    var template: String?
    /// Name of an installed model.
    var model: String?
    var settings: ChatSettings
}

/// A reply as the person would have written it.
struct CandidateEdit: Sendable, Equatable {
    var candidate: Int64
    var text: String
    var scoresVisible: Bool
    var isBlind: Bool
    var secondsTaken: Double
}

/// A ranking as the person made it.
struct RankingSubmission: Sendable, Equatable {
    var board: Int64
    /// Rank by candidate id.
    var ranks: [Int64: Int]
    var isAllBad: Bool
    var displayOrder: [Int64]
    var scoresVisible: Bool
    var isBlind: Bool
    var secondsTaken: Double
    /// The candidate to go on with; nil after "all bad".
    var continueWith: Int64?
}
