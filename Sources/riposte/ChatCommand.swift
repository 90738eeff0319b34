import ArgumentParser
import Engine
import Foundation
import TUI
import TerminalKit
import Training

/// The chat: a screen, or lines where there is no terminal for one.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Chat with a model, rank its replies.",
        discussion: """
            F1 shows the keys. Where standard input or output is not a terminal, where TERM is \
            dumb, and with --screen-reader, the chat goes line by line; its / commands do what \
            the keys do on the screen. Keys of your own stand in the file keys of the \
            configuration folder, a line each: composer.send = Ctrl+S. Themes stand in themes/.
            """)

    @OptionGroup var options: CommonOptions

    @Flag(name: .customLong("continue"), help: "Go on with the latest conversation.")
    var continuesLatest = false

    @Option(help: ArgumentHelp("Go on with a stored conversation.", valueName: "id"))
    var conversation: Int64?

    @Flag(help: "Line by line, nothing painted over: for screen readers and dumb terminals.")
    var screenReader = false

    @Flag(inversion: .prefixedNo, help: "Wheel and clicks; without, the terminal selects text.")
    var mouse = true

    @Option(
        help: ArgumentHelp(
            "Ring as a reply of over 5 seconds ends: away (where the terminal says that you look "
                + "elsewhere, or says nothing), always, or never.", valueName: "when"))
    var bell = BellMode.away

    @Option(help: "Theme: dark, light, high-contrast, 16, monochrome, or a theme file.")
    var theme: String?

    @MainActor
    func run() async throws {
        let workspace = try Workspace(
            openAdapter: LoRARewardModel.opener, rewardTrainer: RankingRewardTrainer())
        var configuration = ChatConfiguration()
        configuration.model = options.model.model
        configuration.modelOptions = options.model.options
        if let name = options.template.template {
            configuration.template = try workspace.templates.template(name).name
        }
        configuration.variables = options.template.values
        configuration.systemText = options.template.system
        configuration.stopStrings = options.sampling.stop
        configuration.settings.candidates = options.candidates ?? 1
        let sampling = options.sampling
        configuration.settings[.temperature] = sampling.temperature.map(Double.init)
        configuration.settings[.topK] = sampling.topK.map(Double.init)
        configuration.settings[.topP] = sampling.topP.map(Double.init)
        configuration.settings[.minP] = sampling.minP.map(Double.init)
        configuration.settings[.repetitionPenalty] = sampling.repetitionPenalty.map(Double.init)
        configuration.settings[.maxTokens] = sampling.maxTokens.map(Double.init)
        configuration.settings.setSeed(sampling.seed)
        configuration.conversation =
            try conversation
            ?? (continuesLatest ? workspace.store.conversations(limit: 1).first?.id : nil)
        configuration.theme = try Self.theme(theme, themes: workspace.paths.config + "/themes")
        let keys = workspace.paths.config + "/keys"
        if FileManager.default.fileExists(atPath: keys) {
            configuration.keyMap = try KeyFile.read(keys)
        }
        configuration.usesMouse = mouse
        configuration.bell = bell
        configuration.usesLines = screenReader || !Self.hasScreen
        let status = try await Chat.run(configuration, workspace: workspace)
        if status != 0 { throw ExitCode(status) }
    }

    private static var hasScreen: Bool {
        let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && terminal != "dumb"
            && !terminal.isEmpty
    }

    /// The theme asked for, else the one that suits the terminal.
    private static func theme(_ name: String?, themes: String) throws -> Theme {
        let environment = ProcessInfo.processInfo.environment
        if let name = name ?? environment["RIPOSTE_THEME"] {
            if let theme = try ThemeFile.named(name, folder: themes) { return theme }
            let known = Theme.builtIn.map(\.name).joined(separator: ", ")
            throw Failure("There is no theme \"\(name)\"; known are \(known), or give a file.")
        }
        if let value = environment["NO_COLOR"], !value.isEmpty { return .monochrome }
        let terminal = environment["TERM"] ?? ""
        let has256 =
            terminal.contains("256") || terminal.contains("kitty") || terminal.contains("alacritty")
            || environment["COLORTERM"] != nil
        return has256 ? .dark : .sixteen
    }
}

extension BellMode: ExpressibleByArgument {}
