import CTerminal
import Foundation

/// Runs a ``Program`` on the terminal: waits for input, signals, messages and time, tells the
/// program, carries out its effects, and shows its frames.
///
/// Everything happens on the thread that calls ``run()``, which must be the one that made the
/// loop; other threads reach the program through its mailbox.
public final class EventLoop<P: Program> {
    public struct Options: Sendable {
        public var mouse = true
        /// What stands before the composer's text.
        public var prompt = "› "
        /// Where the composer's history is kept; nil keeps it in memory.
        public var historyFile: URL?
        /// The shortest time between two frames that no key asked for. It is longer where
        /// frames are dear: see ``EventLoop/frameInterval``.
        public var frameInterval: Duration = .milliseconds(33)

        public init() {}
    }

    /// How the loop ended.
    public enum Ending: Sendable, Equatable {
        case quit(status: Int32)
        /// The program has been told; the caller closes what it must and then calls
        /// ``dieBySignal(_:)``.
        case signal(Int32)
    }

    public private(set) var program: P
    private let mailbox: Mailbox<P.Message>
    private let options: Options
    private let terminal: Terminal
    private let composer: Composer
    private var composerState: ComposerState
    private var tokenizer = InputTokenizer()
    private var ending: Ending?
    private let clock = ContinuousClock()
    private var lastFrame: ContinuousClock.Instant
    /// Processor time of the latest frame, from reading its messages to the terminal.
    private var frameCost: Duration = .zero
    private var tickDue: ContinuousClock.Instant?
    private var flushDue: ContinuousClock.Instant?
    private var frame: FrameNeed = .atOnce

    private enum FrameNeed {
        case none, paced, atOnce
    }

    /// Takes the terminal over; throws ``TerminalError`` where there is none to take.
    public init(program: P, mailbox: Mailbox<P.Message>, options: Options = Options()) throws {
        self.program = program
        self.mailbox = mailbox
        self.options = options
        terminal = try Terminal(mouse: options.mouse)
        composer = Composer(
            prompt: options.prompt, history: ComposerHistory(file: options.historyFile))
        composerState = composer.state
        lastFrame = clock.now - .seconds(1)
    }

    /// Ends the process by a signal that was caught, so that its parent sees that.
    public static func dieBySignal(_ signal: Int32) -> Never {
        cterm_die(signal)
    }

    /// Runs until the program quits or is told to; the terminal is restored on return.
    public func run() -> Ending {
        // The composer holds a reference to this only while the loop runs.
        composer.completions = { [unowned self] text, cursor in
            program.completions(for: text, cursor: cursor)
        }
        defer { composer.completions = { _, _ in Completions() } }
        composer.setSize(terminal.size)
        dispatch(.started(terminal.size))
        dispatch(.composerChanged(composerState))
        while ending == nil {
            presentIfDue()
            wait()
        }
        terminal.close()
        return ending ?? .quit(status: 0)
    }

    // MARK: Waiting

    /// The time between two frames that no key asked for: so long that they take a fortieth of
    /// a core, which else computes replies, but ten come a second in any case.
    private var frameInterval: Duration {
        max(options.frameInterval, min(frameCost * 40, .milliseconds(100)))
    }

    private func wait() {
        var descriptors = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: cterm_signal_descriptor(), events: Int16(POLLIN), revents: 0),
            // What comes while a frame is waited for is read when the frame is due: eight
            // replies wake the loop at each of their tokens otherwise.
            pollfd(
                fd: frame == .paced ? -1 : mailbox.descriptor, events: Int16(POLLIN),
                revents: 0),
        ]
        let ready = poll(&descriptors, nfds_t(descriptors.count), timeout())
        if ready > 0 {
            if descriptors[1].revents != 0 { readSignals() }
            if descriptors[0].revents != 0 { readInput() }
            if descriptors[2].revents != 0 { readMessages() }
        }
        let now = clock.now
        if let due = flushDue, due <= now {
            flushDue = nil
            for event in tokenizer.flush() { handle(event) }
        }
        if let due = tickDue, due <= now {
            tickDue = nil
            dispatch(.tick)
            need(.paced)
        }
    }

    /// Milliseconds until something is due, rounded up; -1 for no limit.
    private func timeout() -> Int32 {
        var due = [tickDue, flushDue].compactMap { $0 }
        if frame == .paced { due.append(lastFrame + frameInterval) }
        guard let next = due.min() else { return -1 }
        let wait = next - clock.now
        guard wait > .zero else { return 0 }
        let (seconds, attoseconds) = wait.components
        let milliseconds =
            seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: milliseconds)
    }

    private func readInput() {
        var bytes: [UInt8] = Array(repeating: 0, count: 65536)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        if count > 0 {
            for event in tokenizer.feed(bytes[..<count]) { handle(event) }
            switch tokenizer.patience {
            case .none: flushDue = nil
            case .escape: flushDue = clock.now + .milliseconds(50)
            case .sequence: flushDue = clock.now + .milliseconds(500)
            }
        } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
            // The terminal is gone, though nobody said so by a signal.
            terminate(SIGHUP)
        }
    }

    private func readMessages() {
        for message in mailbox.take() where ending == nil { dispatch(.message(message)) }
        need(.paced)
    }

    private func readSignals() {
        var bytes: [UInt8] = Array(repeating: 0, count: 256)
        let count = read(cterm_signal_descriptor(), &bytes, bytes.count)
        guard count > 0 else { return }
        var isResized = false
        for byte in bytes[..<count] {
            switch Int32(byte) {
            case SIGWINCH: isResized = true
            case SIGTSTP: suspend()
            case SIGCONT:
                terminal.reenter()
                isResized = true
            case let signal: terminate(signal)
            }
        }
        if isResized { resize() }
    }

    private func terminate(_ signal: Int32) {
        guard ending == nil else { return }
        dispatch(.terminating)
        ending = .signal(signal)
    }

    // MARK: Events

    private func handle(_ event: InputEvent) {
        guard ending == nil else { return }
        dispatch(.input(event))
        need(.atOnce)
    }

    private func dispatch(_ event: LoopEvent<P.Message>) {
        for effect in program.update(event) where ending == nil { perform(effect) }
    }

    private func resize() {
        let size = terminal.resize()
        composer.setSize(size)
        handle(.resize(columns: size.columns, rows: size.rows))
    }

    private func suspend() {
        terminal.suspend()
        dispatch(.resumed)
        resize()
    }

    // MARK: Effects

    private func perform(_ effect: LoopEffect) {
        switch effect {
        case .composer(let key):
            let outcomes = composer.handle(key)
            composerMayHaveChanged()
            for outcome in outcomes {
                switch outcome {
                case .accepted(let text): dispatch(.composerAccepted(text))
                case .ended: dispatch(.composerEnded)
                case .offered(let words): dispatch(.completionsOffered(words))
                }
            }
        case .insertText(let text):
            composer.insert(text)
            composerMayHaveChanged()
        case .setText(let text):
            composer.set(text)
            composerMayHaveChanged()
        case .clearComposer:
            composer.interrupt()
            composerMayHaveChanged()
        case .setPrompt(let prompt):
            composer.setPrompt(prompt)
            composerMayHaveChanged()
        case .addHistory(let entry): composer.addHistory(entry)
        case .copy(let text): terminal.copy(text)
        case .bell: terminal.bell()
        case .redraw:
            terminal.invalidate()
            need(.atOnce)
        case .setMouse(let isOn): terminal.setMouse(isOn)
        case .suspend: suspend()
        case .run(let external):
            let result = terminal.run(external)
            dispatch(.externalEnded(external, result))
            dispatch(.resumed)
            resize()
        case .tick(let delay): tickDue = delay.map { clock.now + $0 }
        case .quit(let status): ending = .quit(status: status)
        }
    }

    private func composerMayHaveChanged() {
        let state = composer.state
        guard state != composerState else { return }
        composerState = state
        dispatch(.composerChanged(state))
    }

    // MARK: Frames

    private func need(_ need: FrameNeed) {
        if frame != .atOnce { frame = need }
    }

    private func presentIfDue() {
        switch frame {
        case .none: return
        case .paced:
            guard clock.now - lastFrame >= frameInterval else { return }
        case .atOnce: break
        }
        let start = Self.processorTime()
        readMessages()
        terminal.present(program.render(terminal.size))
        frameCost = Self.processorTime() - start
        lastFrame = clock.now
        frame = .none
    }

    /// What this thread has computed so far.
    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
