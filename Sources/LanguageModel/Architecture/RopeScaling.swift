import Foundation

/// How a rotation is stretched beyond the context it was first trained for.
///
/// The formulas are those of transformers' `modeling_rope_utils.py`; frequencies are computed
/// in double precision and rounded once.
enum RopeScaling: Sendable, Equatable {
    case none
    /// Positions divided by the factor (kaiokendev 2023).
    case linear(factor: Double)
    /// Llama 3.1: low frequencies divided, high ones left, a ramp between.
    case llama3(factor: Double, low: Double, high: Double, originalContext: Int)
    /// Peng et al. 2023, arXiv 2309.00071. With `truncates` the ramp's ends are whole numbers.
    case yarn(
        factor: Double, betaFast: Double, betaSlow: Double, originalContext: Int, truncates: Bool)
    /// A divisor a frequency, from a GGUF file.
    case divided(by: [Float])
    /// Ding et al. 2024, arXiv 2402.13753: a divisor a frequency, others for long sequences.
    case long(short: [Float], long: [Float], originalContext: Int)
}

extension Architecture.Rope {
    init(
        dimension: Int, base: Double, pairing: Pairing, scaling: RopeScaling = .none,
        attentionFactor: Double = 1
    ) {
        self.dimension = dimension
        self.pairing = pairing
        self.attentionFactor = Float(attentionFactor)
        let plain = (0..<dimension / 2).map { pow(base, -Double(2 * $0) / Double(dimension)) }
        func divided(by factors: [Float]) -> [Float] {
            zip(plain, factors).map { Float($0 / Double($1)) }
        }
        switch scaling {
        case .none:
            inverseFrequencies = plain.map { Float($0) }
        case .linear(let factor):
            inverseFrequencies = plain.map { Float($0 / factor) }
        case .llama3(let factor, let low, let high, let originalContext):
            inverseFrequencies = plain.map {
                Float(Self.llama3($0, factor: factor, low: low, high: high, originalContext))
            }
        case .yarn(let factor, let fast, let slow, let originalContext, let truncates):
            /// The dimension that turns `rotations` times within the original context.
            func bound(_ rotations: Double) -> Double {
                Double(dimension) * log(Double(originalContext) / (rotations * 2 * .pi))
                    / (2 * log(base))
            }
            var low = bound(fast)
            var high = bound(slow)
            if truncates {
                low = low.rounded(.down)
                high = high.rounded(.up)
            }
            low = max(low, 0)
            high = min(high, Double(dimension - 1))
            if low == high { high += 0.001 }
            inverseFrequencies = plain.enumerated().map { index, frequency in
                let ramp = min(max((Double(index) - low) / (high - low), 0), 1)
                return Float(frequency / factor * ramp + frequency * (1 - ramp))
            }
        case .divided(let factors):
            inverseFrequencies = divided(by: factors)
        case .long(let short, let long, let originalContext):
            inverseFrequencies = divided(by: short)
            self.long = Architecture.LongRope(
                threshold: originalContext, inverseFrequencies: divided(by: long))
        }
    }

    private static func llama3(
        _ frequency: Double, factor: Double, low: Double, high: Double, _ originalContext: Int
    ) -> Double {
        let context = Double(originalContext)
        let wavelength = 2 * Double.pi / frequency
        if wavelength < context / high { return frequency }
        if wavelength > context / low { return frequency / factor }
        let smooth = (context / wavelength - low) / (high - low)
        return (1 - smooth) * frequency / factor + smooth * frequency
    }
}
