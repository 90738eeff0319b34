import Foundation

/// Penalties on tokens that were there before, with the buffers they need.
struct PenaltyScratch {
    /// Occurrences (penalties) or longest repetition (DRY) by token; all zero between calls.
    private var counts: UnsafeMutablePointer<Int32>?
    private let vocabularySize: Int
    /// Length of the repetition that starts at each position of the reversed window.
    private var repeats: [Int32] = []

    init(options: SamplingOptions, vocabularySize: Int) {
        self.vocabularySize = vocabularySize
        let penalizes =
            options.repetitionPenalty != 1 || options.frequencyPenalty != 0
            || options.presencePenalty != 0
        guard penalizes || options.dry.multiplier > 0 else { return }
        counts = .allocate(capacity: vocabularySize)
        counts?.initialize(repeating: 0, count: vocabularySize)
    }

    func deallocate() { counts?.deallocate() }

    var isActive: Bool { counts != nil }

    mutating func apply(
        options: SamplingOptions, logits: UnsafeMutablePointer<Float>,
        recent: UnsafeBufferPointer<TokenID>
    ) {
        guard let counts else { return }
        applyRepetition(options, logits, Self.suffix(recent, options.repetitionWindow), counts)
        if options.dry.multiplier > 0 {
            applyDRY(options.dry, logits, Self.suffix(recent, options.dry.window), counts)
        }
    }

    private static func suffix(
        _ tokens: UnsafeBufferPointer<TokenID>, _ window: Int
    ) -> UnsafeBufferPointer<TokenID> {
        window < 0 ? tokens : UnsafeBufferPointer(rebasing: tokens.suffix(window))
    }

    private func applyRepetition(
        _ options: SamplingOptions, _ logits: UnsafeMutablePointer<Float>,
        _ window: UnsafeBufferPointer<TokenID>, _ counts: UnsafeMutablePointer<Int32>
    ) {
        let penalty = options.repetitionPenalty
        guard penalty != 1 || options.frequencyPenalty != 0 || options.presencePenalty != 0 else {
            return
        }
        for id in window where id >= 0 && id < vocabularySize { counts[Int(id)] += 1 }
        for id in window where id >= 0 && id < vocabularySize {
            let count = counts[Int(id)]
            guard count > 0 else { continue }
            counts[Int(id)] = 0
            var logit = logits[Int(id)]
            logit = logit > 0 ? logit / penalty : logit * penalty
            logits[Int(id)] =
                logit - Float(count) * options.frequencyPenalty - options.presencePenalty
        }
    }

    private mutating func applyDRY(
        _ dry: SamplingOptions.DRY, _ logits: UnsafeMutablePointer<Float>,
        _ window: UnsafeBufferPointer<TokenID>, _ counts: UnsafeMutablePointer<Int32>
    ) {
        let count = window.count
        // A repetition ends where the latest breaker stands.
        var reach = 0
        while reach < count, !dry.breakers.contains(window[count - 1 - reach]) { reach += 1 }
        let allowed = max(dry.allowedLength, 1)
        guard reach >= allowed, count > allowed else { return }
        if repeats.count < count {
            repeats = [Int32](repeating: 0, count: max(count, 2 * repeats.count))
        }
        // The Z algorithm over the reversed window: repeats[i] is how many tokens before
        // position i (counted from the end) equal the latest ones.
        func reversed(_ index: Int) -> TokenID { window[count - 1 - index] }
        var left = 0
        var right = 0
        for index in 1..<count {
            var length = index < right ? min(right - index, Int(repeats[index - left])) : 0
            while index + length < count, reversed(index + length) == reversed(length) {
                length += 1
            }
            repeats[index] = Int32(length)
            if index + length > right { (left, right) = (index, index + length) }
            let capped = min(length, reach)
            guard capped >= allowed else { continue }
            let next = reversed(index - 1)
            guard next >= 0, next < vocabularySize else { continue }
            counts[Int(next)] = max(counts[Int(next)], Int32(capped))
        }
        for id in window where id >= 0 && id < vocabularySize {
            let length = counts[Int(id)]
            guard length > 0 else { continue }
            counts[Int(id)] = 0
            let penalty = dry.multiplier * pow(dry.base, Float(Int(length) - allowed))
            logits[Int(id)] -= min(penalty, .greatestFiniteMagnitude)
        }
    }
}
