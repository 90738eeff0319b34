/// A small generator whose stream is the same on every platform and in every release, so that
/// splits, shuffles and bootstraps repeat (Steele, Lea & Flood 2014, "Fast splittable
/// pseudorandom number generators").
public struct SplitMix64: RandomNumberGenerator, Sendable, Equatable, Codable {
    public private(set) var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// An integer from 0 to `bound` - 1. The bias of the plain remainder is below 2⁻³² for
    /// any count that fits in memory here.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a range to draw from has at least one element")
        return Int((next() >> 11) % UInt64(bound))
    }

    /// Uniform in [0, 1) with 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Standard normal (Box–Muller; one of the two values is used).
    public mutating func normal() -> Double {
        let radius = (-2 * logarithm(1 - uniform())).squareRoot()
        return radius * cosine(2 * .pi * uniform())
    }

    /// Fisher–Yates, independent of the standard library's own shuffle.
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for i in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(i, below(i + 1))
        }
    }
}
