import LanguageModel

/// Classification without training: the label that the model would most probably write.
///
/// A model prefers some labels whatever the text. Contextual calibration (Zhao et al. 2021,
/// arXiv 2102.09690) divides each label's probability by its probability after a text without
/// content, and normalises.
public struct LabelLikelihood {
    /// Texts without content, which calibration asks about.
    public static let contentFree = ["N/A", "", "[MASK]"]

    /// Continuations by label, as the model would write them.
    public var labels: [[TokenID]]
    /// Probabilities after texts without content; nil leaves probabilities as they are.
    public private(set) var bias: [Double]?

    public init(labels: [[TokenID]]) { self.labels = labels }

    /// - Parameter score: log-probabilities of each label's tokens after a prompt.
    public mutating func calibrate(
        _ contentFree: [[TokenID]],
        score: (_ labels: [[TokenID]], _ prompt: [TokenID]) throws -> [[Float]]
    ) throws {
        var sum = [Double](repeating: 0, count: labels.count)
        for prompt in contentFree {
            for (k, p) in Self.normalized(try score(labels, prompt)).enumerated() { sum[k] += p }
        }
        let total = sum.reduce(0, +)
        bias = total > 0 ? sum.map { max($0 / total, 1e-9) } : nil
    }

    /// Probabilities over labels after a prompt.
    public func probabilities(
        _ prompt: [TokenID],
        score: (_ labels: [[TokenID]], _ prompt: [TokenID]) throws -> [[Float]]
    ) rethrows -> [Double] {
        let raw = Self.normalized(try score(labels, prompt))
        guard let bias else { return raw }
        let divided = zip(raw, bias).map { $0 / $1 }
        let sum = divided.reduce(0, +)
        return divided.map { $0 / sum }
    }

    private static func normalized(_ logs: [[Float]]) -> [Double] {
        let sums = logs.map { $0.reduce(0.0) { $0 + Double($1) } }
        let largest = sums.max() ?? 0
        let each = sums.map { exponential($0 - largest) }
        let sum = each.reduce(0, +)
        return each.map { $0 / sum }
    }
}
