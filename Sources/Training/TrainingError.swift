import Foundation

/// What can go wrong in training, with what a person needs to put it right.
public enum TrainingError: Error, Equatable, Sendable {
    /// No comparison is left to learn from.
    case noComparisons(dropped: [String])
    /// Every comparison is a tie.
    case onlyTies(count: Int)
    /// Splitting by prompt needs at least two.
    case tooFewPrompts(found: Int)
    /// So few rankings that nobody could tell what was learnt from them.
    case tooFewRankings(prompts: Int, needed: Int)
    /// The reward model in use learnt from almost all of the rankings.
    case tooFewNewComparisons(found: Int, since: String, needed: Int)
    /// A label of a classifier has fewer examples than it needs.
    case tooFewExamples(label: String, found: Int, needed: Int)
    case tooFewLabels(found: [String])
    /// The loss or a gradient is no longer a number.
    case diverged(step: Int, checkpoint: String?)
    case invalidCheckpoint(path: String, reason: String)
    case invalidAdapter(path: String, reason: String)
    case unsupported(architecture: String, reason: String)
    /// A reward model's head does not fit its body.
    case invalidHead(path: String, reason: String)
    case invalidOption(name: String, reason: String)
}

extension TrainingError: LocalizedError, CustomStringConvertible {
    public var description: String { errorDescription ?? "unknown error" }

    public var errorDescription: String? {
        switch self {
        case .noComparisons(let dropped):
            let why = dropped.isEmpty ? "" : " (\(dropped.joined(separator: "; ")))"
            return "There is no comparison to learn from\(why); rank some replies, or give a "
                + "file of preferences."
        case .onlyTies(let count):
            return "All \(count) comparisons are ties, so no order can be learnt; rank some "
                + "replies above others."
        case .tooFewPrompts(let found):
            return "The comparisons belong to \(found) prompt\(found == 1 ? "" : "s"), and at "
                + "least 2 are needed to hold some out; rank replies to other prompts too."
        case .tooFewRankings(let prompts, let needed):
            let found =
                prompts == 0
                ? "No replies are ranked yet"
                : "Replies to \(prompts) prompt\(prompts == 1 ? " is" : "s are") ranked"
            return "\(found), and at least \(needed) prompts are needed to learn from them and "
                + "judge the result; rank some more."
        case .tooFewNewComparisons(let found, let since, let needed):
            return "Only \(found) comparison\(found == 1 ? " is" : "s are") newer than what "
                + "\(since) learnt from, and at least \(needed) are needed to tell whether a new "
                + "reward model is better; rank some more replies."
        case .tooFewExamples(let label, let found, let needed):
            return "The label \"\(label)\" has \(found) example\(found == 1 ? "" : "s"), and at "
                + "least \(needed) are needed; add some or leave the label out."
        case .tooFewLabels(let found):
            return "A classifier needs at least 2 labels, and the data has "
                + (found.isEmpty ? "none." : "only \"\(found.joined(separator: ", "))\".")
        case .diverged(let step, let checkpoint):
            let kept =
                checkpoint.map { "; the last good state is in \($0)" } ?? "; nothing was written"
            return "Training stopped at step \(step) because the loss is no longer a number"
                + "\(kept). Use a lower --learning-rate."
        case .invalidCheckpoint(let path, let reason):
            return "\(path) is not a usable checkpoint: \(reason); remove it to start again."
        case .invalidAdapter(let path, let reason):
            return "\(path) is not a usable adapter: \(reason)."
        case .unsupported(let architecture, let reason):
            return "Models of architecture \(architecture) cannot be trained here: \(reason)."
        case .invalidHead(let path, let reason):
            return "\(path) is not a usable reward model: \(reason)."
        case .invalidOption(let name, let reason):
            return "The option \(name) \(reason)."
        }
    }
}
