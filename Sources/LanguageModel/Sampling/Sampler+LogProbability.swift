import CKernels
import Foundation

/// The model's own distribution: what it says before any sampling step.
extension Sampler {
    /// Natural-log probability of a token: log-softmax of the raw logits.
    public static func logProbability(
        of id: TokenID, in logits: UnsafeBufferPointer<Float>
    ) -> Float {
        guard id >= 0, Int(id) < logits.count else { return -.infinity }
        return logits[Int(id)] - logNormalizer(of: logits)
    }

    /// `log(sum(exp(logits)))`; subtracting it from a logit gives the log-probability.
    public static func logNormalizer(of logits: UnsafeBufferPointer<Float>) -> Float {
        guard let row = logits.baseAddress else { return -.infinity }
        let best = ck_argmax(row, Int32(logits.count))
        guard best >= 0 else { return -.infinity }
        let maximum = logits[Int(best)]
        return maximum + Float(log(ck_sum_exp(row, Int32(logits.count), maximum)))
    }

    /// The most probable tokens with their log-probabilities, best first, ties by id.
    /// `normalizer` is that of the logits, where the caller has it already.
    public static func top(
        _ count: Int, in logits: UnsafeBufferPointer<Float>, normalizer: Float? = nil
    ) -> [(id: TokenID, logProbability: Float)] {
        let count = min(count, logits.count)
        guard count > 0, let row = logits.baseAddress else { return [] }
        let normalizer = normalizer ?? logNormalizer(of: logits)
        var heap = [Float](repeating: 0, count: count)
        let ids = [Int32](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = Int(
                ck_top_k(row, Int32(logits.count), Int32(count), buffer.baseAddress!, &heap))
        }
        return ids.map { (id: $0, logProbability: logits[Int($0)] - normalizer) }
    }
}
