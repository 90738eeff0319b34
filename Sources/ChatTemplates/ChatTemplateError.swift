/// What can go wrong with a chat template, with the place in its text.
public enum ChatTemplateError: Error, Sendable, Equatable {
    /// The text breaks Jinja's grammar.
    case syntax(JinjaPosition, String)
    /// Jinja that chat templates do not use and Riposte does not do.
    case unsupported(JinjaPosition, String)
    /// An operation failed while the template ran.
    case failed(JinjaPosition, String)
    /// The template itself refused the conversation, by `raise_exception`.
    case raised(JinjaPosition, String)
    /// The template does too much: see ``ChatTemplate/Limits``.
    case limit(JinjaPosition, String)
}

extension ChatTemplateError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .syntax(let place, let reason):
            "The chat template has an error at \(place): \(reason)."
        case .unsupported(let place, let feature):
            "The chat template uses \(feature) at \(place), which is not supported."
        case .failed(let place, let reason):
            "The chat template failed at \(place): \(reason)."
        case .raised(let place, let message):
            "The chat template refuses this conversation at \(place): \(message)"
        case .limit(let place, let reason):
            "The chat template was stopped at \(place): \(reason)."
        }
    }
}

extension JinjaPosition: CustomStringConvertible {
    public var description: String { "line \(line), column \(column)" }
}
