/// Splits by group (a prompt), never inside one.
public enum Fold {
    /// A fold number from 0 to `count` - 1 for each group, folds as equal in size as can be.
    /// There are never more folds than groups.
    public static func assign(groups: Int, count: Int, seed: UInt64) -> [Int] {
        var order = Array(0..<groups)
        var random = SplitMix64(seed: seed)
        random.shuffle(&order)
        var fold = [Int](repeating: 0, count: groups)
        let count = max(1, min(count, groups))
        for (place, group) in order.enumerated() { fold[group] = place % count }
        return fold
    }

    /// Groups held out: `share` of them, at least one where there are two.
    public static func holdOut(groups: Int, share: Double, seed: UInt64) -> [Bool] {
        var order = Array(0..<groups)
        var random = SplitMix64(seed: seed)
        random.shuffle(&order)
        let wanted = (Double(groups) * share).rounded()
        let count = groups < 2 || share <= 0 ? 0 : min(max(1, Int(wanted)), groups - 1)
        var isHeldOut = [Bool](repeating: false, count: groups)
        for group in order.prefix(count) { isHeldOut[group] = true }
        return isHeldOut
    }
}
