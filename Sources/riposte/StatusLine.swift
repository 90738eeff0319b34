/// One line that is drawn over while a command works; on anything but a terminal only notes.
final class StatusLine {
    private let isQuiet: Bool
    private var last: ContinuousClock.Instant?
    private var isDrawn = false

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Replaces the line, ten times a second at most.
    func show(_ text: String) {
        guard !isQuiet, StandardError.isTerminal else { return }
        let now = ContinuousClock.now
        if let last, now - last < .milliseconds(100) { return }
        last = now
        StandardError.write("\r\u{1b}[K\(text)")
        isDrawn = true
    }

    /// A line that stays.
    func note(_ text: String) {
        guard !isQuiet else { return }
        clear()
        StandardError.note(text)
    }

    func clear() {
        if isDrawn { StandardError.write("\r\u{1b}[K") }
        isDrawn = false
    }
}
