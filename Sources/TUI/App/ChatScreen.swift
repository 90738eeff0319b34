import Engine
import Foundation
import TerminalKit

/// What a chat begins with.
public struct ChatConfiguration: Sendable {
    /// Name or path; nil takes the default.
    public var model: String?
    public var modelOptions = ModelOptions()
    public var template = "chat"
    public var variables: [String: String] = [:]
    public var systemText: String?
    public var settings = ChatSettings()
    public var stopStrings: [String] = []
    /// A stored conversation to go on with.
    public var conversation: Int64?
    public var theme = Theme.dark
    public var keyMap = KeyMap.standard
    public var usesMouse = true
    public var bell = BellMode.away
    /// Plain text, line by line, without a screen.
    public var usesLines = false

    public init() {}
}

/// The chat.
public enum Chat {
    /// Runs it until the person leaves.
    ///
    /// - Returns: the exit status.
    @MainActor
    public static func run(
        _ configuration: ChatConfiguration, workspace: Workspace
    ) async throws -> Int32 {
        if configuration.usesLines {
            return await LineScreen(configuration, workspace: workspace).run()
        }
        let mailbox = try Mailbox<Action>()
        let runner = runner(configuration, workspace) { mailbox.post($0) }
        var state = state(configuration)
        if !FileManager.default.fileExists(atPath: EffectRunner.tourMark(workspace.paths)) {
            state.overlay = .tour(PageState())
        }
        let program = ChatProgram(state: state, runner: runner)
        if let draft = try? workspace.store.draft(conversation: configuration.conversation) {
            mailbox.post(.editorReturned(draft))
        }
        runner.start(
            model: configuration.model, template: configuration.template,
            conversation: configuration.conversation, systemText: configuration.systemText)
        var options = EventLoop<ChatProgram>.Options()
        options.historyFile = URL(filePath: workspace.paths.state + "/history")
        options.mouse = configuration.usesMouse
        let loop = try EventLoop(program: program, mailbox: mailbox, options: options)
        switch loop.run() {
        case .quit(let status): return status
        case .signal(let signal): EventLoop<ChatProgram>.dieBySignal(signal)
        }
    }

    static func runner(
        _ configuration: ChatConfiguration, _ workspace: Workspace,
        post: @escaping @Sendable (Action) -> Void
    ) -> EffectRunner {
        EffectRunner(
            workspace: workspace, modelOptions: configuration.modelOptions,
            stopStrings: configuration.stopStrings, post: post)
    }

    static func state(_ configuration: ChatConfiguration) -> State {
        var state = State()
        state.keyMap = configuration.keyMap
        state.theme = configuration.theme
        state.bell = configuration.bell
        state.settings = configuration.settings
        state.session.templateName = configuration.template
        state.session.systemText = configuration.systemText
        if !configuration.variables.isEmpty {
            state.session.variables[configuration.template] = configuration.variables
        }
        return state
    }
}
