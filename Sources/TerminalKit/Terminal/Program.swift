/// An interactive program as the event loop sees it: facts come in, effects on the terminal go
/// out, and a pure function draws the state.
///
/// The loop calls ``update(_:)`` for each event, carries the effects out in order, and then
/// calls ``render(_:)``: at once after input, at most 30 times a second while only messages
/// come in, never while nothing happens.
public protocol Program {
    /// What other threads post to the program through its ``Mailbox``.
    associatedtype Message: Sendable

    mutating func update(_ event: LoopEvent<Message>) -> [LoopEffect]

    /// The whole screen. Pure: no clock, no files, no curses.
    func render(_ size: ScreenSize) -> Frame

    /// What may stand in place of the word before the cursor of the composer. `cursor` counts
    /// UTF-8 bytes. Called when the person presses Tab in the composer and the program routed
    /// that key to it.
    func completions(for text: String, cursor: Int) -> Completions
}

extension Program {
    public func completions(for text: String, cursor: Int) -> Completions { Completions() }
}

/// Candidates for the word that ends at the cursor.
public struct Completions: Sendable, Equatable {
    /// Whole words, each beginning with what is typed; a sole one is put in place, else the
    /// longest common beginning is, and ``LoopEvent/completionsOffered(_:)`` tells of the rest.
    public var words: [String]
    /// Put after a sole completion; nil for nothing.
    public var suffix: Character?

    public init(_ words: [String] = [], suffix: Character? = " ") {
        self.words = words
        self.suffix = suffix
    }
}

/// What happened.
public enum LoopEvent<Message: Sendable>: Sendable {
    /// Once, before everything else, with the size of the screen.
    case started(ScreenSize)
    /// A key, paste, mouse or focus event, or a new size. The program decides what it means;
    /// ``LoopEffect/composer(_:)`` hands a key to the composer.
    case input(InputEvent)
    /// The composer's text, cursor, prompt or mode changed.
    case composerChanged(ComposerState)
    /// Enter in the composer; its text is empty again.
    case composerAccepted(String)
    /// ^D in the empty composer.
    case composerEnded
    /// Several words complete what is typed; empty when there are none to show any more.
    case completionsOffered([String])
    /// From the mailbox.
    case message(Message)
    /// The time asked for with ``LoopEffect/tick(after:)`` is over.
    case tick
    /// The terminal is ours again, after a stop (^Z) or an external program.
    case resumed
    /// An external program ended, with its exit status, or the reason why it did not start.
    case externalEnded(ExternalProgram, Result<Int32, TerminalError>)
    /// TERM or HUP: save what must be saved; the process ends when the update returns.
    case terminating
}

/// What the loop does to the terminal for the program.
public enum LoopEffect: Sendable, Equatable {
    /// Gives a key to readline.
    case composer(Key)
    /// Puts text at the composer's cursor, as one undo step.
    case insertText(String)
    /// Replaces the composer's text; the cursor goes to its end.
    case setText(String)
    /// Throws the line away, as ^C does; ends a history search.
    case clearComposer
    /// What stands before the composer's text.
    case setPrompt(String)
    /// Remembers an entry in the composer's history.
    case addHistory(String)
    /// Puts text on the clipboard of the person's terminal (OSC 52).
    case copy(String)
    case bell
    /// Paints everything again, for when another program wrote on the screen.
    case redraw
    /// Turns reports of the mouse on or off.
    case setMouse(Bool)
    /// Stops the process as ^Z does, and goes on when it is continued.
    case suspend
    /// Hands the terminal to another program until it ends.
    case run(ExternalProgram)
    /// Sends ``LoopEvent/tick`` once, that long from now; a later one replaces an earlier one,
    /// nil takes it back.
    case tick(after: Duration?)
    /// Ends the loop.
    case quit(status: Int32)
}

/// A program that takes over the terminal for a while, such as an editor or a pager.
public struct ExternalProgram: Sendable, Equatable {
    /// Tells one use from another in ``LoopEvent/externalEnded(_:_:)``.
    public var purpose: String
    /// A shell command, as `$EDITOR` and `$PAGER` hold it; `arguments` follow it, quoted.
    public var command: String
    public var arguments: [String]
    /// Given on standard input instead of the terminal.
    public var input: String?

    public init(purpose: String, command: String, arguments: [String], input: String? = nil) {
        self.purpose = purpose
        self.command = command
        self.arguments = arguments
        self.input = input
    }
}
