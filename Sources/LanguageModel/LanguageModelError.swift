/// What can go wrong with a model, its files and what is asked of it.
///
/// Each case carries what a person needs to find the fault; ``description`` is one sentence.
public enum LanguageModelError: Error, Sendable, Equatable {
    /// A file or folder that is missing or cannot be opened.
    case cannotRead(path: String, reason: String)
    /// A file that breaks the rules of its format. `place` is a byte offset, a key, a tensor
    /// or a line.
    case invalidFile(path: String, place: String, reason: String)
    /// A well-formed file that asks for something Riposte does not do.
    case unsupported(path: String, feature: String, hint: String)
    /// A request that this model cannot fulfil.
    case invalidRequest(String)
}

extension LanguageModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotRead(let path, let reason):
            "Cannot read \(path): \(reason)."
        case .invalidFile(let path, let place, let reason):
            "\(path) is damaged or not a model at \(place): \(reason)."
        case .unsupported(let path, let feature, let hint):
            "\(path) needs \(feature), which is not supported\(hint.isEmpty ? "" : "; \(hint)")."
        case .invalidRequest(let reason):
            "\(reason)."
        }
    }
}
