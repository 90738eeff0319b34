import CTerminal
import Foundation

/// The line that a person edits, with all of readline behind it: inputrc, emacs and vi keys,
/// kill ring, undo, history and its search, completion.
///
/// Readline keeps its state in globals: one at a time, on one thread. It draws nothing; the
/// program draws ``state``.
public final class Composer {
    /// What Tab offers; set by who owns the composer.
    var completions: (String, Int) -> Completions = { _, _ in Completions() }
    private let history: ComposerHistory?

    /// What came of a key.
    public enum Outcome: Sendable, Equatable {
        case accepted(String)
        case ended
        case offered([String])
    }

    /// `program` is the name that conditions in inputrc see.
    public init(program: String = "riposte", prompt: String, history: ComposerHistory? = nil) {
        self.history = history
        cterm_line_open(
            program, prompt,
            { context, line, cursor, suffix in
                guard let context, let line else { return nil }
                let composer = Unmanaged<Composer>.fromOpaque(context).takeUnretainedValue()
                return composer.complete(String(cString: line), cursor: Int(cursor), suffix)
            },
            // The composer outlives the callback: deinit takes it back first.
            Unmanaged.passUnretained(self).toOpaque())
        cterm_history_clear()
        for entry in history?.entries ?? [] { cterm_history_add(ComposerHistory.recallable(entry)) }
    }

    deinit { cterm_line_close() }

    public var state: ComposerState {
        ComposerState(
            text: String(cString: cterm_line_text()), cursor: Int(cterm_line_cursor()),
            prompt: String(cString: cterm_line_prompt()),
            mode: String(cString: cterm_line_mode()), isSearching: cterm_line_is_searching())
    }

    /// Gives a key to readline, and returns what came of it.
    public func handle(_ key: Key) -> [Outcome] {
        let isSearching = cterm_line_is_searching()
        switch (key.code, key.modifiers) {
        case (.enter, .alt), (.enter, .shift), (.character("j"), .control):
            if !isSearching {
                cterm_line_insert("\n")
                return []
            }
        case (.character("c"), .control):
            cterm_line_interrupt()
            return []
        case (.escape, []):
            // Alone, it would wait for a second key in the emacs mode.
            if !isSearching, String(cString: cterm_line_mode()).hasPrefix("emacs") { return [] }
        case (.up, []):
            if cterm_line_move(-1) { return [] }
        case (.down, []):
            if cterm_line_move(1) { return [] }
        default: break
        }
        guard !key.bytes.isEmpty else { return [] }
        cterm_line_feed(key.bytes, key.bytes.count)
        recallLongEntry()
        return outcomes()
    }

    private func outcomes() -> [Outcome] {
        var outcomes: [Outcome] = []
        if let line = Self.taken(cterm_line_take_accepted()) { outcomes.append(.accepted(line)) }
        if cterm_line_take_end() { outcomes.append(.ended) }
        if let words = Self.taken(cterm_line_take_offered()) {
            outcomes.append(.offered(words.split(separator: "\n").map(String.init)))
        }
        return outcomes
    }

    private static func taken(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// Inserts text at the cursor, as one undo step.
    public func insert(_ text: String) { cterm_line_insert(text) }

    /// Replaces the text, as one undo step.
    public func set(_ text: String) { cterm_line_set(text) }

    /// Throws the line away, or ends a search.
    public func interrupt() { cterm_line_interrupt() }

    public func setPrompt(_ prompt: String) { cterm_line_set_prompt(prompt) }

    func setSize(_ size: ScreenSize) {
        cterm_line_set_size(Int32(clamping: size.columns), Int32(clamping: size.rows))
    }

    /// Remembers an entry, here and in the history's file.
    public func addHistory(_ entry: String) {
        guard history?.add(entry) ?? !entry.isEmpty else { return }
        cterm_history_add(ComposerHistory.recallable(entry))
    }

    /// Readline holds long entries only by their beginning; walking there brings the whole.
    private func recallLongEntry() {
        guard let history, !cterm_line_is_searching() else { return }
        let text = String(cString: cterm_line_text())
        if let whole = history.wholeEntry(text) { cterm_line_set(whole) }
    }

    private func complete(
        _ line: String, cursor: Int, _ suffix: UnsafeMutablePointer<Int32>?
    ) -> UnsafeMutablePointer<CChar>? {
        let found = completions(line, cursor)
        let words = found.words.filter { !$0.isEmpty && !$0.contains("\n") }
        guard let first = words.first else { return nil }
        suffix?.pointee = Int32(found.suffix?.asciiValue ?? 0)
        let common = words.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
        return strdup(([common] + words).joined(separator: "\n"))
    }
}
