import CKernels
import Foundation

/// Runs a model: samples replies, and gives log-probabilities and hidden states.
///
/// Synchronous and owned by one thread; it holds the key-value cache, in which the longest
/// common prefix with anything read before is found again.
public final class Generator {
    /// Rows of a pass at most: whole register tiles.
    static let maxRows = 16 * RK_TILE
    static let maxLogitRows = 64
    /// Tokens of a text from which on it is read in the form that the kernels have for prompts:
    /// two tiles of it for each of two threads.
    private static let fewestPromptRows = 4 * RK_TILE_MOST
    /// How long a pass over part of a prompt should take: so that progress is seen. (Esc stops
    /// it between two layers.)
    private static let passSeconds = 0.5
    /// How long one over candidates' next tokens should take at most: well within the 100 ms in
    /// which Esc must work.
    private static let stepSeconds = 0.07

    public let model: Model
    let runner: ForwardRunner
    let prefixes: PrefixCache
    let longRopeThreshold: Int
    /// Prompt tokens a second, as last seen, by form.
    private var readingSpeeds: [Double]
    /// Of all replies so far: what a person does next is likely to be of the same kind.
    var drafts = DraftStatistics()

    public init(model: Model) throws {
        self.model = model
        runner = try ForwardRunner(
            plan: model.plan, contextLength: model.contextLength, maxRows: Self.maxRows,
            maxLogitRows: Self.maxLogitRows)
        prefixes = PrefixCache(
            pageBytes: model.plan.pageBytes, budget: model.options.cacheBudget,
            capacity: model.contextLength)
        longRopeThreshold =
            model.architecture.ropes.compactMap(\.long?.threshold).min() ?? Int.max
        // A guess until the first pass was timed: 150 G operations a second and thread.
        let guess =
            150e9 * Double(model.plan.team.size) / Double(max(1, 2 * model.plan.layerWeights))
        readingSpeeds = [guess, guess]
    }

    /// Bytes of keys and values held, running replies included.
    public var cacheBytes: Int { prefixes.pool.bytesInUse }
    /// Tokens of a prompt that would not be read again.
    public func cachedLength(of prompt: [TokenID]) -> Int {
        prefixes.cachedLength(of: prompt, usesLongRope: usesLongRope(length: prompt.count))
    }
    /// Forgets every kept prefix.
    public func clearCache() { prefixes.removeAll() }

    // MARK: Reading

    func check(_ ids: [TokenID], room: Int = 0) throws {
        let vocabulary = TokenID(clamping: model.vocabularySize)
        if let bad = ids.first(where: { $0 < 0 || $0 >= vocabulary }) {
            throw LanguageModelError.invalidRequest(
                "Token id \(bad) is outside the vocabulary of \(vocabulary)")
        }
        guard ids.count + room <= model.contextLength else {
            throw LanguageModelError.invalidRequest(
                "\(ids.count) tokens do not fit the context of \(model.contextLength)")
        }
    }

    /// Guessed tokens of a decoding pass at most.
    var mostDrafted: Int {
        min(Draft.mostTokens, passLength(RK_INPUTS_INT, seconds: Self.stepSeconds) / 2)
    }

    /// How so many tokens of a text are read, whatever passes they are cut into: these depend on
    /// how fast the machine was.
    func form(reading count: Int) -> rk_inputs {
        count < Self.fewestPromptRows ? RK_INPUTS_INT : model.plan.promptForm
    }

    /// Tokens of a pass that takes so long.
    private func passLength(_ form: rk_inputs, seconds: Double) -> Int {
        let wanted = Int(min(readingSpeeds[Int(form.rawValue)] * seconds, 1e6))
        // Whole blocks for each thread, or else whole register tiles.
        let tile = form == RK_INPUTS_BF16 ? RK_TILE_MOST : RK_TILE
        let blocks = Int(PassState.maxBlockRows) * model.plan.team.size
        let unit = wanted >= blocks && form == RK_INPUTS_INT ? blocks : tile
        return min(max(wanted / unit * unit, tile), Self.maxRows)
    }

    /// Reads what a sequence lacks of `ids`; the last token's logits are left in the runner's
    /// first row. Stops between layers when cancelled.
    /// - Returns: false when cancelled.
    func read(
        _ ids: [TokenID], into sequence: CachedSequence, control: GenerationControl? = nil,
        progress: (Int) -> Void = { _ in }
    ) throws -> Bool {
        var rows: [ForwardRunner.Row] = []
        rows.reserveCapacity(Self.maxRows)
        let formOfMost = form(reading: ids.count - sequence.count)
        while sequence.count < ids.count {
            if let control, control.isCancelled { return false }
            let first = sequence.count
            // The last token is read as the reply's are: so it has the same bits where all
            // before it stood in the cache.
            let form = first == ids.count - 1 ? RK_INPUTS_INT : formOfMost
            let end = form == RK_INPUTS_INT ? ids.count : ids.count - 1
            // Where nobody looks on, passes are as long as they are fastest.
            let most =
                control == nil ? Self.maxRows : passLength(form, seconds: Self.passSeconds)
            let length = min(most, end - first)
            try sequence.append(ids[first..<first + length])
            rows.removeAll(keepingCapacity: true)
            for position in first..<first + length {
                rows.append(row(sequence, position, logits: position == ids.count - 1))
            }
            let start = ContinuousClock.now
            guard runner.run(rows, form: form, control: control) else {
                sequence.truncate(to: first)
                return false
            }
            let seconds = start.duration(to: .now) / .seconds(1)
            if length >= RK_TILE {
                readingSpeeds[Int(form.rawValue)] = Double(length) / max(seconds, 1e-6)
            }
            progress(sequence.count)
        }
        return true
    }

    func row(_ sequence: CachedSequence, _ position: Int, logits: Bool) -> ForwardRunner.Row {
        ForwardRunner.Row(
            token: sequence.tokens[position], position: Int32(position),
            pages: UnsafePointer(sequence.table), usesLongRope: sequence.usesLongRope,
            wantsLogits: logits)
    }

    /// Time of a row more in a decoding pass, in passes of one row: as one row's products wait
    /// for memory, few more cost little. Measured .14 to .19 on the default model with AVX-512;
    /// the reference computes each row anew.
    var rowCost: Double { model.plan.kernels.pointee.packed ? 0.2 : 1 }

    /// Whether a sequence of so many tokens is rotated with LongRoPE's second set.
    func usesLongRope(length: Int) -> Bool { length > longRopeThreshold }

    /// A sequence's tokens read anew with LongRoPE's second set: what decoding does when it
    /// outgrows the first. Prompts that several candidates share are read once.
    func rereadForLongRope(_ sequence: CachedSequence) throws -> CachedSequence {
        let tokens = sequence.tokens
        let longer = try prefixes.sequence(for: tokens, limit: tokens.count, usesLongRope: true)
        _ = try read(tokens, into: longer)
        prefixes.keep(longer)
        return try longer.fork(length: longer.count)
    }

    func logitRow(_ index: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(
            start: runner.logits + index * model.vocabularySize, count: model.vocabularySize)
    }

    func logSumExp(_ logits: UnsafeBufferPointer<Float>) -> Float {
        model.plan.kernels.pointee.log_sum_exp(logits.baseAddress, Int32(logits.count), nil)
    }
}
