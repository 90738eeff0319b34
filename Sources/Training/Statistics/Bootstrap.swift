/// Percentile intervals from resampling whole clusters (prompts) with replacement: pairs of one
/// prompt are not independent, so resampling pairs would make intervals too narrow.
public struct Bootstrap: Sendable {
    public var replicates: Int
    public var seed: UInt64

    public init(replicates: Int = 2000, seed: UInt64 = 0) {
        self.replicates = replicates
        self.seed = seed
    }

    /// 95 % interval of Σ value / Σ weight over clusters; nil with fewer than two clusters of
    /// positive weight, where resampling says nothing.
    public func ratioInterval(values: [Double], weights: [Double]) -> ClosedRange<Double>? {
        precondition(values.count == weights.count, "one weight a cluster")
        let clusters = values.indices.filter { weights[$0] > 0 }
        guard clusters.count > 1, replicates > 0 else { return nil }
        var random = SplitMix64(seed: seed)
        var ratios: [Double] = []
        ratios.reserveCapacity(replicates)
        for _ in 0..<replicates {
            var value = 0.0
            var weight = 0.0
            for _ in clusters.indices {
                let cluster = clusters[random.below(clusters.count)]
                value += values[cluster]
                weight += weights[cluster]
            }
            ratios.append(value / weight)
        }
        ratios.sort()
        return Self.quantile(ratios, 0.025)...Self.quantile(ratios, 0.975)
    }

    /// Linear interpolation between order statistics (numpy's default).
    static func quantile(_ sorted: [Double], _ q: Double) -> Double {
        let place = q * Double(sorted.count - 1)
        let low = Int(place)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
    }
}
