/// Share of the full learning rate at each step: a linear warm-up, then half a cosine down to a
/// floor.
public struct LearningRateSchedule: Sendable, Equatable {
    /// Steps of warm-up; step i of them has the share (i + 1) / warmup.
    public var warmup: Int
    public var steps: Int
    /// Share at the end.
    public var floor: Double

    public init(warmup: Int, steps: Int, floor: Double = 0.1) {
        self.warmup = warmup
        self.steps = steps
        self.floor = floor
    }

    /// - Parameter step: from 0.
    public func share(at step: Int) -> Double {
        if step < warmup { return Double(step + 1) / Double(warmup) }
        let done = Double(step - warmup) / Double(max(1, steps - warmup))
        return floor + (1 - floor) * 0.5 * (1 + cosine(.pi * min(1, done)))
    }
}
