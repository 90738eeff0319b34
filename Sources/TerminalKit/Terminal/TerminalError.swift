/// Why the screen cannot be used.
public enum TerminalError: Error, Sendable, Equatable {
    /// Standard input or output is not a terminal.
    case notATerminal(descriptor: String)
    /// The terminal database does not know `TERM`, or it lacks what a screen needs.
    case unknownTerminal(name: String)
    /// A screen is in use already in this process.
    case alreadyOpen
    /// A call to the system failed.
    case system(call: String, code: Int32)
}

extension TerminalError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notATerminal(let descriptor):
            "\(descriptor) is not a terminal; use `riposte ask` in pipes and scripts"
        case .unknownTerminal(let name):
            name.isEmpty
                ? "TERM is not set; set it to your terminal's type, such as xterm-256color"
                : "the terminal type \"\(name)\" (TERM) is unknown or cannot move its cursor; "
                    + "set TERM to your terminal's type, such as xterm-256color"
        case .alreadyOpen:
            "the terminal is in use by another screen of this process"
        case .system(let call, let code):
            "\(call) on the terminal failed (\(SystemMessage.text(code)))"
        }
    }
}
