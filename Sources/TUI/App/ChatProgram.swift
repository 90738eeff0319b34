import Engine
import Foundation
import TerminalKit

/// The chat as the event loop sees it: terminal events become actions, effects go to the
/// terminal or to the runner.
struct ChatProgram: Program {
    var state: State
    let runner: EffectRunner
    private let clock = ContinuousClock()
    private let start = ContinuousClock().now
    private var ticks = false

    /// Steps of what moves by itself.
    private static let frame = Duration.milliseconds(100)

    init(state: State, runner: EffectRunner) {
        self.state = state
        self.runner = runner
    }

    mutating func update(_ event: LoopEvent<Action>) -> [LoopEffect] {
        var effects: [LoopEffect] = []
        let elapsed = (clock.now - start) / .seconds(1)
        effects += take(.timePassed(elapsed))
        switch event {
        case .started(let size): effects += take(.resized(size))
        case .input(let input): effects += take(Self.action(of: input))
        case .composerChanged(let composer): effects += take(.composerChanged(composer))
        case .composerAccepted(let text): effects += take(.composerAccepted(text))
        case .composerEnded: effects += take(.keyPressed(Key(.character("d"), modifiers: .control)))
        case .completionsOffered(let words): effects += take(.completionsOffered(words))
        case .message(let action): effects += take(action)
        case .tick: ticks = false
        case .resumed: break
        case .externalEnded(let program, let result): effects += end(program, result)
        case .terminating: runner.flushDraft()
        }
        if state.isAnimated, !ticks {
            ticks = true
            effects.append(.tick(after: Self.frame))
        }
        return effects
    }

    func render(_ size: ScreenSize) -> Frame { TUI.render(state, size) }

    func completions(for text: String, cursor: Int) -> Completions {
        let typed = String(decoding: text.utf8.prefix(cursor), as: UTF8.self)
        // Readline puts words in place; what comes before the word stays.
        let start = typed.lastIndex(of: " ").map { typed.index(after: $0) } ?? typed.startIndex
        let before = typed[..<start]
        return Completions(
            SlashCommand.completions(of: typed, state: state).map {
                String($0.dropFirst(before.count))
            })
    }

    private static func action(of input: InputEvent) -> Action {
        switch input {
        case .key(let key): .keyPressed(key)
        case .paste(let text): .pasted(text)
        case .resize(let columns, let rows): .resized(ScreenSize(columns: columns, rows: rows))
        case .mouse(let event): .mouseUsed(event)
        case .focus(let isFocused): .focusChanged(isFocused)
        }
    }

    private mutating func take(_ action: Action) -> [LoopEffect] {
        TUI.update(&state, action).flatMap { carryOut($0) }
    }

    private func carryOut(_ effect: Effect) -> [LoopEffect] {
        switch effect {
        case .quit:
            runner.flushDraft()
            return [.quit(status: 0)]
        case .suspend: return [.suspend]
        case .redraw: return [.redraw]
        case .bell: return [.bell]
        case .copy(let text): return [.copy(text)]
        case .feedComposer(let key): return [.composer(key)]
        case .insertIntoComposer(let text): return [.insertText(text)]
        case .setComposer(let text): return [text.isEmpty ? .clearComposer : .setText(text)]
        case .addHistory(let text): return [.addHistory(text)]
        case .completeCommand: return [.composer(Key(.tab, bytes: [9]))]
        case .setMouse(let isOn): return [.setMouse(isOn)]
        case .openEditor(let text): return edit(text)
        case .openFile(let path):
            return [.run(ExternalProgram(purpose: "file", command: Self.editor, arguments: [path]))]
        default:
            runner.run(effect)
            return []
        }
    }

    // MARK: External editor

    private static var editor: String {
        let environment = ProcessInfo.processInfo.environment
        return [environment["VISUAL"], environment["EDITOR"]].compactMap(\.self)
            .first { !$0.isEmpty } ?? "vi"
    }

    private func edit(_ text: String) -> [LoopEffect] {
        let path = NSTemporaryDirectory() + "riposte-message-\(UUID().uuidString).md"
        do {
            try AtomicFile.write(text, to: path)
        } catch {
            runner.post(.noticed(.failure, error.sentence))
            return []
        }
        return [.run(ExternalProgram(purpose: "message", command: Self.editor, arguments: [path]))]
    }

    private mutating func end(
        _ program: ExternalProgram, _ result: Result<Int32, TerminalError>
    ) -> [LoopEffect] {
        let path = program.arguments.last ?? ""
        defer {
            if program.purpose == "message" { try? FileManager.default.removeItem(atPath: path) }
        }
        switch result {
        case .failure(let error):
            return take(.noticed(.failure, "\(program.command) did not start: \(error)."))
        case .success(let status) where status != 0:
            return take(
                .noticed(.warning, "\(program.command) ended with \(status); nothing was taken."))
        case .success:
            guard program.purpose == "message",
                let data = FileManager.default.contents(atPath: path)
            else { return [] }
            var text = String(decoding: data, as: UTF8.self)
            while text.hasSuffix("\n") { text.removeLast() }
            return take(.editorReturned(text))
        }
    }
}
