import Foundation
import LanguageModel

extension FeatureRewardModel {
    /// Pooled hidden states of each reply; what ``score(features:)`` reads.
    public func featureVectors(
        prompt: [TokenID], replies: [[TokenID]], with source: any HiddenStateSource
    ) throws -> [[Float]] {
        try Self.featureVectors(
            prompt: prompt, replies: replies, specification.features,
            embeddingWidth: specification.embeddingWidth,
            maxPromptTokens: specification.maxPromptTokens,
            maxReplyTokens: specification.maxReplyTokens, with: source)
    }

    /// Pools the hidden states of replies to one prompt, in the order of `features`. An empty
    /// reply is read as the prompt's last token.
    ///
    /// - Returns: for each reply the features' vectors, one after another.
    public static func featureVectors(
        prompt: [TokenID], replies: [[TokenID]], _ features: [Feature], embeddingWidth: Int,
        maxPromptTokens: Int? = nil, maxReplyTokens: Int? = nil,
        with source: any HiddenStateSource
    ) throws -> [[Float]] {
        let counts = replies.map(\.count)
        let prompt = Array(prompt.suffix(maxPromptTokens ?? prompt.count))
        let replies = replies.map { Array($0.prefix(maxReplyTokens ?? $0.count)) }
        let layers = Array(Set(features.filter { $0.pooling != .length }.map(\.layer))).sorted()
        let states = try source.hiddenStates(prompt: prompt, replies: replies, layers: layers)
        return states.enumerated().map { number, reply in
            var vector: [Float] = []
            vector.reserveCapacity(features.count * embeddingWidth)
            for feature in features {
                if feature.pooling == .length {
                    let count = Float(counts[number])
                    vector += [log(1 + count), count / 100]
                    continue
                }
                let rows = reply[layers.firstIndex(of: feature.layer)!]
                vector += pool(rows, width: embeddingWidth, feature.pooling)
            }
            return vector
        }
    }

    /// Pools rows of `width` floats into one; zeros where there is no row.
    public static func pool(_ rows: [Float], width: Int, _ pooling: Pooling) -> [Float] {
        let count = width == 0 ? 0 : rows.count / width
        guard count > 0 else { return [Float](repeating: 0, count: width) }
        switch pooling {
        case .length:
            preconditionFailure("the length is not a state")
        case .lastToken:
            return Array(rows.suffix(width))
        case .mean, .sum:
            var sum = [Double](repeating: 0, count: width)
            for row in 0..<count {
                for k in 0..<width { sum[k] += Double(rows[row * width + k]) }
            }
            let divisor = pooling == .mean ? Double(count) : Double(count).squareRoot()
            return sum.map { Float($0 / divisor) }
        case .max:
            var most = Array(rows.prefix(width))
            for row in 1..<count {
                for k in 0..<width { most[k] = Swift.max(most[k], rows[row * width + k]) }
            }
            return most
        }
    }
}
