import Foundation

/// What can go wrong in the engine, with what a person needs to put it right.
///
/// Payloads are plain values, so that a front end may word an error its own way;
/// ``errorDescription`` is the wording of the command line.
public enum EngineError: Error, Equatable, Sendable {
    /// A file cannot be read or written.
    case file(path: String, reason: String)
    /// The conversation store cannot be opened or has a damaged file.
    case store(path: String, reason: String)
    /// A template, preference or other text file breaks its format. `line` counts from 1.
    case invalidFile(path: String, line: Int?, reason: String)
    case unknownTemplate(name: String, known: [String])
    /// A template needs a variable that has neither a value nor a default.
    case missingVariable(name: String, template: String)
    /// A template's text names a variable that it does not declare.
    case undeclaredVariable(name: String, template: String)
    case unknownModel(name: String, known: [String])
    case noModel
    case noTokenizer(model: String)
    case noChatTemplate(model: String)
    case chatTemplate(model: String, reason: String)
    /// System text, examples and the last message alone leave no room for a reply.
    case contextTooSmall(needed: Int, context: Int)
    case notFound(kind: String, id: Int64)
    /// The last turn to answer is missing: the conversation is empty.
    case nothingToAnswer
    case invalidRanking(reason: String)
    /// A reward head belongs to another base model.
    case rewardMismatch(reward: String, expected: String, found: String)
    case invalidReward(path: String, reason: String)
    case unknownReward(name: String, known: [String])
    case download(source: String, reason: String)
    case checksum(path: String, expected: String, found: String)
    /// A message of the language model module about the operation named.
    case inference(reason: String)
}

extension EngineError: LocalizedError, CustomStringConvertible {
    public var description: String { errorDescription ?? "unknown error" }

    public var errorDescription: String? {
        switch self {
        case .file(let path, let reason):
            return "\(path): \(reason)"
        case .store(let path, let reason):
            return "The conversation store \(path) cannot be used: \(reason)."
        case .invalidFile(let path, let line, let reason):
            return line.map { "\(path), line \($0): \(reason)." } ?? "\(path): \(reason)."
        case .unknownTemplate(let name, let known):
            return "There is no template \"\(name)\"; known are \(list(known))."
        case .missingVariable(let name, let template):
            return "Template \"\(template)\" needs a value for \"\(name)\"; give one with "
                + "--var \(name)=VALUE."
        case .undeclaredVariable(let name, let template):
            return "Template \"\(template)\" uses {{ \(name) }} without declaring it; add it "
                + "under variables."
        case .unknownModel(let name, let known):
            return "There is no model \"\(name)\" here; give a path, or pull one of "
                + "\(list(known)) with riposte models pull."
        case .noModel:
            return "No model is loaded; pull one with riposte models pull smollm2."
        case .noTokenizer(let model):
            return "The model \(model) has no tokenizer, so it cannot read text; use --ids."
        case .noChatTemplate(let model):
            return "The model \(model) has no chat template; use a template with mode: plain, "
                + "such as continue."
        case .chatTemplate(let model, let reason):
            return "The chat template of \(model) failed: \(reason)"
        case .contextTooSmall(let needed, let context):
            return "System text, examples and the last message need \(needed) tokens, and the "
                + "context has \(context); shorten them or use a model with a longer context."
        case .notFound(let kind, let id):
            return "There is no \(kind) \(id)."
        case .nothingToAnswer:
            return "The conversation has no message to answer; write one first."
        case .invalidRanking(let reason):
            return "The ranking cannot be stored: \(reason)."
        case .rewardMismatch(let reward, let expected, let found):
            return "The reward model \(reward) was trained for base model \(expected), and "
                + "\(found) is loaded; load that model or train a reward model for this one."
        case .invalidReward(let path, let reason):
            return "\(path) is not a usable reward model: \(reason)."
        case .unknownReward(let name, let known):
            return known.isEmpty
                ? "There is no reward model \"\(name)\"; train one with riposte train reward."
                : "There is no reward model \"\(name)\"; known are \(list(known))."
        case .download(let source, let reason):
            return "Download from \(source) failed: \(reason)."
        case .checksum(let path, let expected, let found):
            return "\(path) has SHA-256 \(found) instead of \(expected); it was not kept, "
                + "pull it again."
        case .inference(let reason):
            return reason
        }
    }

    private func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}

extension Error {
    /// One sentence for a person, whatever module the error is from.
    public var sentence: String {
        if let error = self as? any LocalizedError, let text = error.errorDescription {
            return text
        }
        return String(describing: self)
    }
}
