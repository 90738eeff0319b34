import CKernels
import Foundation

/// Draws one candidate's tokens. One a candidate: it holds the candidate's random stream,
/// its count of tokens and (for mirostat) its state.
///
/// The steps, in this order; each is skipped where its option is off:
/// 1. logit bias, end-of-generation tokens before ``minTokens``;
/// 2. repetition, frequency and presence penalty, then DRY; the constraint, which may as well
///    come first: what it forbids stays forbidden, and no other token's logit depends on it;
/// 3. temperature 0: the largest logit, ties to the lowest id — done;
/// 4. top-k, typical-p, top-p, min-p, XTC, each on the distribution the one before left,
///    renormalized, at temperature 1;
/// 5. temperature, and the draw. With mirostat, 4 is replaced by its truncation, which
///    comes after the temperature.
///
/// This is llama.cpp's order. Nothing is allocated by a call once the buffers have their size.
public final class Sampler {
    /// A token still in the race. `weight` is proportional to its probability.
    struct Entry {
        var id: TokenID
        var logit: Float
        var weight: Float
        /// What the step at hand selects by; smaller is kept first.
        var key: Float
    }

    public let options: SamplingOptions
    public let vocabularySize: Int
    let endOfGeneration: [TokenID]

    var random: RandomSource
    private var drawn = 0
    /// Mirostat's limit on a token's surprise, in bits.
    private var surpriseLimit: Float

    let entries: UnsafeMutablePointer<Entry>
    var entryCount = 0
    private let ids: UnsafeMutablePointer<Int32>
    private let heap: UnsafeMutablePointer<Float>
    private let heapCapacity: Int
    var penalties: PenaltyScratch

    /// - Parameter endOfGeneration: the ids that ``SamplingOptions/minTokens`` holds back.
    public init(
        options: SamplingOptions, seed: UInt64, vocabularySize: Int,
        endOfGeneration: Set<TokenID> = []
    ) {
        precondition(vocabularySize > 0, "a sampler needs a vocabulary")
        self.options = options
        self.vocabularySize = vocabularySize
        self.endOfGeneration = endOfGeneration.filter { $0 >= 0 && $0 < vocabularySize }.sorted()
        random = RandomSource(seed: seed)
        surpriseLimit = 2 * options.mirostat.tau
        let keepsAll =
            options.topK <= 0 || options.topK >= vocabularySize || options.mirostat.tau > 0
        heapCapacity = keepsAll ? 0 : options.topK
        let capacity = keepsAll ? vocabularySize : options.topK
        entries = .allocate(capacity: capacity)
        ids = .allocate(capacity: capacity)
        heap = .allocate(capacity: max(heapCapacity, 1))
        penalties = PenaltyScratch(options: options, vocabularySize: vocabularySize)
    }

    deinit {
        entries.deallocate()
        ids.deallocate()
        heap.deallocate()
        penalties.deallocate()
    }

    /// Whether the next draw writes into the logits it is given, also where it has no filter.
    public var overwritesLogits: Bool {
        !options.logitBias.isEmpty || drawn < options.minTokens || penalties.isActive
    }

    /// Draws the next token. Overwrites the logits where ``overwritesLogits`` says so, or where
    /// there is a filter.
    ///
    /// - Parameters:
    ///   - logits: `vocabularySize` values as the model gave them; NaN counts as -∞.
    ///   - recent: every token so far, prompt included; the windows are cut from its end.
    ///   - filter: the ids allowed; nil allows all.
    public func sample<Filter: TokenFilter>(
        logits: UnsafeMutableBufferPointer<Float>, recent: UnsafeBufferPointer<TokenID>,
        filter: Filter? = TokenMask?.none
    ) -> TokenID {
        guard let fixed = prepare(logits: logits, recent: recent, filter: filter) else {
            return draw()
        }
        drawn += 1
        return fixed
    }

    /// The distribution that ``sample(logits:recent:filter:)`` would draw from, most probable
    /// first. XTC's coin is tossed for it, so the random stream moves on. Overwrites the logits as
    /// a draw does.
    public func distribution<Filter: TokenFilter>(
        logits: UnsafeMutableBufferPointer<Float>, recent: UnsafeBufferPointer<TokenID>,
        filter: Filter? = TokenMask?.none
    ) -> [(id: TokenID, probability: Double)] {
        if let fixed = prepare(logits: logits, recent: recent, filter: filter) {
            return [(fixed, 1)]
        }
        let total = (0..<entryCount).reduce(0.0) { $0 + Double(entries[$1].weight) }
        return (0..<entryCount)
            .map { (id: entries[$0].id, probability: Double(entries[$0].weight) / total) }
            .sorted { ($0.probability, $1.id) > ($1.probability, $0.id) }
    }

    /// Steps 1 to 4 and the temperature: leaves the entries to draw from, or returns the one
    /// token there is.
    private func prepare<Filter: TokenFilter>(
        logits: UnsafeMutableBufferPointer<Float>, recent: UnsafeBufferPointer<TokenID>,
        filter: Filter?
    ) -> TokenID? {
        precondition(logits.count == vocabularySize, "logits of another vocabulary")
        let row = logits.baseAddress!
        for item in options.logitBias where item.token >= 0 && item.token < vocabularySize {
            row[Int(item.token)] += item.bias
        }
        if drawn < options.minTokens {
            for id in endOfGeneration { row[Int(id)] = -.infinity }
        }
        penalties.apply(options: options, logits: row, recent: recent)
        var top: Int?
        if let filter { top = exclude(by: filter, from: row) }
        if top == nil, heapCapacity > 0, options.temperature > 0 { top = takeTop(of: row) }

        let best = top.map { $0 > 0 ? ids[0] : -1 } ?? ck_argmax(row, Int32(vocabularySize))
        // Nothing is possible: a model that gives only -∞ or NaN. The filter still holds.
        guard best >= 0 else { return filter?.mask().first ?? 0 }
        let maximum = row[Int(best)]
        if options.temperature <= 0 || maximum == .infinity { return best }
        if options.mirostat.tau > 0 {
            collectAll(row, maximum: maximum)
            applyTemperature()
            truncateBySurprise()
        } else {
            truncate(row, maximum: maximum, top: top)
            applyTemperature()
        }
        return nil
    }

    /// Asks the filter about the most probable tokens until those that top-k or the largest
    /// logit looks at are all allowed ones; the rest of the row is then never looked at. To find
    /// all the tokens a grammar allows takes up to a millisecond at a place not seen before.
    ///
    /// - Returns: how many of the top k stand in `ids`, where they were all asked about.
    private func exclude<Filter: TokenFilter>(
        by filter: Filter, from row: UnsafeMutablePointer<Float>
    ) -> Int? {
        precondition(filter.vocabularySize == vocabularySize, "a filter of another vocabulary")
        var mask = filter.knownMask
        if mask == nil, heapCapacity > 0 {
            for _ in 0..<Self.mostRounds {
                let count = takeTop(of: row)
                let excluded = filter.exclude(
                    UnsafeBufferPointer(start: ids, count: count), from: row)
                if excluded == 0 { return count }
                if options.temperature <= 0, excluded < count { return nil }
                // Where most are forbidden, few are allowed, and those are found at once.
                if 2 * excluded > count { break }
            }
        }
        mask = mask ?? filter.mask()
        mask?.words.withUnsafeBufferPointer {
            ck_apply_mask(row, Int32(vocabularySize), $0.baseAddress!)
        }
        return nil
    }

    /// Puts the top k into `ids`, the largest logit first, and returns how many there are.
    private func takeTop(of row: UnsafePointer<Float>) -> Int {
        Int(ck_top_k(row, Int32(vocabularySize), Int32(heapCapacity), ids, heap))
    }

    /// Rounds of questions before the whole mask is made.
    private static let mostRounds = 6

    /// - Parameter top: how many of the top k stand in `ids`; nil where top-k is off.
    private func truncate(_ row: UnsafeMutablePointer<Float>, maximum: Float, top: Int?) {
        if let top {
            fill(row, count: top, maximum: maximum)
            if options.typicalP < 1 { keepTypical() }
            if options.topP < 1 { keepMass(options.topP, total: totalWeight()) }
        } else if options.typicalP < 1 {
            collectAll(row, maximum: maximum)
            keepTypical()
            if options.topP < 1 { keepMass(options.topP, total: totalWeight()) }
        } else if options.topP < 1 {
            collectTop(row, maximum: maximum)
        } else if options.minP > 0 {
            let threshold = maximum + log(min(options.minP, 1))
            fill(
                row, count: Int(ck_at_least(row, Int32(vocabularySize), threshold, ids)),
                maximum: maximum)
        } else {
            collectAll(row, maximum: maximum)
        }
        if options.minP > 0 { keepAbove(min(options.minP, 1)) }
        if options.xtc.probability > 0 { excludeTopChoices() }
    }

    /// The smallest most probable set of mass `topP` over the whole vocabulary. Its members are
    /// nearly always within a few nats of the best, so only those are looked at first.
    private func collectTop(_ row: UnsafeMutablePointer<Float>, maximum: Float) {
        let total = ck_sum_exp(row, Int32(vocabularySize), maximum)
        for reach: Float in [5, 10, 20, .infinity] {
            let count = ck_at_least(row, Int32(vocabularySize), maximum - reach, ids)
            fill(row, count: Int(count), maximum: maximum)
            if reach == .infinity || totalWeight() >= Double(options.topP) * total { break }
        }
        keepMass(options.topP, total: total)
    }

    private func collectAll(_ row: UnsafeMutablePointer<Float>, maximum: Float) {
        fill(
            row, count: Int(ck_at_least(row, Int32(vocabularySize), -.infinity, ids)),
            maximum: maximum)
    }

    private func fill(_ row: UnsafeMutablePointer<Float>, count: Int, maximum: Float) {
        for index in 0..<count {
            let logit = row[Int(ids[index])]
            let weight = exp(logit - maximum)
            entries[index] = Entry(id: ids[index], logit: logit, weight: weight, key: -weight)
        }
        entryCount = count
    }

    private func draw() -> TokenID {
        let total = totalWeight()
        let target = random.unit() * total
        var sum = 0.0
        // Rounding may leave the target a hair above the sum: the last entry of any weight.
        var chosen = 0
        for index in 0..<entryCount where entries[index].weight > 0 {
            sum += Double(entries[index].weight)
            chosen = index
            if sum > target { break }
        }
        if options.mirostat.tau > 0 {
            let surprise = -Float(log2(Double(entries[chosen].weight) / total))
            surpriseLimit -= options.mirostat.eta * (surprise - options.mirostat.tau)
        }
        drawn += 1
        return entries[chosen].id
    }

    /// Mirostat: drops tokens whose surprise is above the limit; the most probable one stays.
    private func truncateBySurprise() {
        let total = totalWeight()
        var best = 0
        for index in 0..<entryCount where entries[index].weight > entries[best].weight {
            best = index
        }
        let bestID = entries[best].id
        keep { entry in
            entry.id == bestID || -Float(log2(Double(entry.weight) / total)) <= surpriseLimit
        }
    }
}
