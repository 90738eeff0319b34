import Foundation

extension Generator {
    /// Samples the candidates of a request. Every event comes on the calling thread; the last
    /// is always ``GenerationEvent/finished(_:)``, also when cancelled.
    @discardableResult
    public func generate(
        _ request: GenerationRequest, control: GenerationControl = GenerationControl(),
        checkpoints: GenerationCheckpoints? = nil, onEvent: (GenerationEvent) -> Void
    ) throws -> [GeneratedReply] {
        try check(request.prompt, room: 1)
        guard !request.prompt.isEmpty else {
            throw LanguageModelError.invalidRequest("There is no prompt to continue")
        }
        if let constraint = request.constraint,
            constraint.vocabularySize != model.vocabularySize
        {
            throw LanguageModelError.invalidRequest(
                "The grammar was compiled for a vocabulary of \(constraint.vocabularySize) tokens, "
                    + "and the model has \(model.vocabularySize)")
        }
        var timings = GenerationTimings()
        let clock = ContinuousClock()
        let start = clock.now
        let base = try prefixes.sequence(
            for: request.prompt, limit: request.prompt.count - 1,
            usesLongRope: usesLongRope(length: request.prompt.count))
        timings.cachedTokens = base.count
        let complete = try read(request.prompt, into: base, control: control) { done in
            onEvent(.promptRead(done: done, total: request.prompt.count))
        }
        timings.prefillTokens = base.count - timings.cachedTokens
        timings.prefillSeconds = start.duration(to: clock.now) / .seconds(1)

        let decodeStart = clock.now
        var streams: [CandidateStream] = []
        if complete {
            // The prompt's distribution serves every candidate, also one that is added later.
            let firstLogits = Array(logitRow(0))
            let board = DecodingBoard(
                generator: self, request: request, base: base, firstLogits: firstLogits)
            try board.decode(control: control, checkpoints: checkpoints, onEvent: onEvent)
            streams = board.streams
            timings.draftedTokens = board.draftedTokens
            timings.acceptedTokens = board.acceptedTokens
        } else {
            streams = request.candidates.enumerated().map { index, candidate in
                let stream = CandidateStream(
                    index: index, candidate: candidate, request: request, sequence: base,
                    model: model)
                stream.finish(.cancelled)
                onEvent(.candidateFinished(candidate: index, stream.reply))
                return stream
            }
        }
        prefixes.keep(base)
        for stream in streams where complete { prefixes.keep(stream.sequence) }
        timings.decodeTokens = streams.reduce(0) { $0 + $1.ids.count }
        timings.decodeSeconds = decodeStart.duration(to: clock.now) / .seconds(1)
        onEvent(.finished(timings))
        return streams.map(\.reply)
    }
}

/// The candidates of one request while they run, one batch a step.
private final class DecodingBoard {
    private let generator: Generator
    private let request: GenerationRequest
    private let base: CachedSequence
    private let firstLogits: [Float]
    /// The sampler may overwrite what it is given: a row of logits a thread.
    private let scratch: UnsafeMutableBufferPointer<Float>
    /// One a row of a pass.
    private let draws: UnsafeMutableBufferPointer<Draw>
    private(set) var streams: [CandidateStream] = []
    private(set) var draftedTokens = 0
    private(set) var acceptedTokens = 0

    init(
        generator: Generator, request: GenerationRequest, base: CachedSequence,
        firstLogits: [Float]
    ) {
        self.generator = generator
        self.request = request
        self.base = base
        self.firstLogits = firstLogits
        scratch = .allocate(capacity: firstLogits.count * generator.model.plan.team.size)
        draws = .allocate(capacity: Generator.maxLogitRows)
        draws.initialize(repeating: Draw())
    }

    deinit {
        scratch.deallocate()
        draws.deallocate()
    }

    /// A token drawn from a row of logits.
    private struct Draw {
        var id: TokenID = 0
        var logit: Float = 0
        /// log Σ exp of the row.
        var total: Float = 0
    }

    func decode(
        control: GenerationControl, checkpoints: GenerationCheckpoints?,
        onEvent: (GenerationEvent) -> Void
    ) throws {
        var lengths = (checkpoints?.lengths ?? [])[...]
        for candidate in request.candidates { try start(candidate, onEvent: onEvent) }
        var rows: [ForwardRunner.Row] = []
        rows.reserveCapacity(Generator.maxLogitRows)
        var active: [CandidateStream] = []
        active.reserveCapacity(Generator.maxLogitRows)
        while true {
            for candidate in control.takeAdded() { try start(candidate, onEvent: onEvent) }
            for stream in streams
            where !stream.isFinished && control.isCancelled(candidate: stream.index) {
                finish(stream, .cancelled, onEvent: onEvent)
            }
            if let checkpoints, let next = lengths.first,
                let shortest = streams.lazy.filter({ !$0.isFinished }).map(\.ids.count).min(),
                shortest >= next
            {
                lengths = lengths.drop { $0 <= shortest }
                let ended = try checkpoints.judge(streams.map(\.partial))
                for stream in streams where !stream.isFinished && ended.contains(stream.index) {
                    finish(stream, .hopeless, onEvent: onEvent)
                }
            }
            rows.removeAll(keepingCapacity: true)
            active.removeAll(keepingCapacity: true)
            for stream in streams where !stream.isFinished { active.append(stream) }
            guard !active.isEmpty else { return }
            // More candidates than a pass takes go in turns: those with the fewest tokens first.
            if active.count > Generator.maxLogitRows {
                active.sort { ($0.ids.count, $0.index) < ($1.ids.count, $1.index) }
                active.removeLast(active.count - Generator.maxLogitRows)
            }
            // Judged are replies of the same length, which drafts would pull apart.
            let speculates = request.speculates && lengths.isEmpty
            var room = min(generator.mostDrafted, Generator.maxLogitRows - active.count)
            for stream in active {
                if !stream.sequence.usesLongRope,
                    generator.usesLongRope(length: stream.sequence.count + 1)
                {
                    stream.sequence = try generator.rereadForLongRope(stream.sequence)
                }
                let length =
                    speculates ? draftLength(stream, streams: active.count, room: room) : 0
                room -= length
                let first = stream.sequence.count
                try stream.appendToSequence(drafted: length)
                for position in first..<stream.sequence.count {
                    rows.append(generator.row(stream.sequence, position, logits: true))
                }
            }
            generator.runner.run(rows)
            // Drafts are judged one token after the other, and grammars share what they find out.
            let areDrawn = rows.count == active.count && request.constraint == nil
            if areDrawn { drawTogether(active) }
            var row = 0
            for stream in active {
                let length = stream.draft.count
                if areDrawn {
                    accept(draws[row], stream, onEvent: onEvent)
                } else {
                    advance(stream, row: row, onEvent: onEvent)
                }
                row += 1 + length
            }
        }
    }

    /// How many tokens a stream guesses for the next pass.
    private func draftLength(_ stream: CandidateStream, streams: Int, room: Int) -> Int {
        stream.lookUpDraft()
        var most = min(room, stream.tokensLeft - 1)
        if !stream.sequence.usesLongRope {
            most = min(most, generator.longRopeThreshold - stream.sequence.count - 1)
        }
        return generator.drafts.length(
            of: stream.draft, streams: streams, rowCost: generator.rowCost, most: most)
    }

    /// Draws a stream's next token, and more of them as long as its draft was right.
    private func advance(
        _ stream: CandidateStream, row: Int, onEvent: (GenerationEvent) -> Void
    ) {
        let draft = stream.draft
        let known = stream.sequence.count - draft.count
        draftedTokens += draft.count
        for step in 0...draft.count {
            let guess = draft.isEmpty ? nil : stream.draftedToken(step)
            let draw = draw(stream, from: generator.logitRow(row + step))
            accept(draw, stream, onEvent: onEvent)
            guard let guess else { return }
            let isRight = guess == stream.ids.last
            generator.drafts.record(draft, isRight: isRight)
            guard step < draft.count else { return }
            if isRight { acceptedTokens += 1 }
            if !isRight || stream.isFinished {
                return stream.sequence.truncate(to: known + step + (isRight ? 1 : 0))
            }
        }
    }

    private func start(
        _ candidate: GenerationRequest.Candidate, onEvent: (GenerationEvent) -> Void
    ) throws {
        let stream = CandidateStream(
            index: streams.count, candidate: candidate, request: request,
            sequence: try base.fork(length: base.count), model: generator.model)
        streams.append(stream)
        guard request.maxTokens > 0 else {
            finish(stream, .length, onEvent: onEvent)
            return
        }
        let first = firstLogits.withUnsafeBufferPointer { draw(stream, from: $0) }
        accept(first, stream, onEvent: onEvent)
    }

    /// Draws the next token of each stream from its row of the pass, on all threads: a vocabulary
    /// of logits is gone through several times for each.
    private func drawTogether(_ active: [CandidateStream]) {
        let threads = generator.model.plan.team.size
        // Two tasks a stream, so that one alone has work for two threads as well.
        let tasks = active.count * 2
        generator.model.plan.team.run { thread in
            let thread = Int(thread)
            for task in tasks * thread / threads..<tasks * (thread + 1) / threads {
                let row = task / 2
                let logits = generator.logitRow(row)
                if task % 2 == 0 {
                    let (id, logit) = drawToken(active[row], from: logits, thread: thread)
                    draws[row].id = id
                    draws[row].logit = logit
                } else {
                    draws[row].total = generator.logSumExp(logits)
                }
            }
        }
    }

    private func draw(_ stream: CandidateStream, from logits: UnsafeBufferPointer<Float>) -> Draw {
        let (id, logit) = drawToken(stream, from: logits, thread: 0)
        return Draw(id: id, logit: logit, total: generator.logSumExp(logits))
    }

    private func drawToken(
        _ stream: CandidateStream, from logits: UnsafeBufferPointer<Float>, thread: Int
    ) -> (id: TokenID, logit: Float) {
        var row = UnsafeMutableBufferPointer(mutating: logits)
        // Others read them at the same time.
        if stream.overwritesLogits {
            row = .init(rebasing: scratch[thread * logits.count..<(thread + 1) * logits.count])
            _ = row.update(fromContentsOf: logits)
        }
        let id = stream.draw(from: row)
        return (id, logits[Int(id)])
    }

    /// Gives a stream its next token and tells about it.
    private func accept(
        _ draw: Draw, _ stream: CandidateStream, onEvent: (GenerationEvent) -> Void
    ) {
        let logProbability = draw.logit - draw.total
        let (text, end) = stream.accept(draw.id, logProbability: logProbability)
        onEvent(
            .token(
                candidate: stream.index, id: draw.id, text: text, logProbability: logProbability))
        if let end {
            finish(stream, end, onEvent: onEvent)
        } else if stream.isAtLimit {
            finish(stream, .length, onEvent: onEvent)
        }
    }

    private func finish(
        _ stream: CandidateStream, _ reason: FinishReason, onEvent: (GenerationEvent) -> Void
    ) {
        let rest = stream.finish(reason)
        if !rest.isEmpty { onEvent(.text(candidate: stream.index, rest)) }
        onEvent(.candidateFinished(candidate: stream.index, stream.reply))
    }
}

/// One candidate while it runs.
final class CandidateStream {
    let index: Int
    var sequence: CachedSequence
    private(set) var ids: [TokenID] = []
    private(set) var isFinished = false
    private let candidate: GenerationRequest.Candidate
    private let sampler: Sampler
    private let endOfGeneration: Set<TokenID>
    private var detokenizer: Detokenizer?
    private var stops: StopMatcher
    private var constraint: ConstraintState?
    /// Tokens that the request and the context leave for the reply.
    private let mostTokens: Int
    /// Prompt and reply.
    private var history: [TokenID]
    private(set) var draft = Draft()
    private var pending: [TokenID] = []
    private var logProbabilities: [Float] = []
    private var text = ""
    private var finishReason = FinishReason.length

    init(
        index: Int, candidate: GenerationRequest.Candidate, request: GenerationRequest,
        sequence: CachedSequence, model: Model
    ) {
        self.index = index
        self.candidate = candidate
        self.sequence = sequence
        endOfGeneration = model.tokenizer?.specialTokens.endOfGeneration ?? []
        sampler = Sampler(
            options: candidate.sampling, seed: candidate.seed,
            vocabularySize: model.vocabularySize, endOfGeneration: endOfGeneration)
        detokenizer = model.tokenizer.map { Detokenizer($0) }
        stops = StopMatcher(request.stopStrings)
        constraint = request.constraint?.start()
        history = request.prompt
        mostTokens = min(request.maxTokens, model.contextLength - request.prompt.count)
        history.reserveCapacity(request.prompt.count + mostTokens)
        ids.reserveCapacity(mostTokens)
        logProbabilities.reserveCapacity(mostTokens)
        pending.reserveCapacity(Draft.mostTokens + 1)
    }

    var tokensLeft: Int { mostTokens - ids.count }
    /// Whether there is no room for another token.
    var isAtLimit: Bool { tokensLeft <= 0 }

    func lookUpDraft() { draft = history.withUnsafeBufferPointer { Draft(following: $0) } }

    func draftedToken(_ index: Int) -> TokenID {
        history.withUnsafeBufferPointer { draft.token(index, in: $0) }
    }

    /// Counts the last token drawn and so many drafted ones into the sequence, for the next pass.
    func appendToSequence(drafted count: Int) throws {
        draft.count = count
        pending.removeAll(keepingCapacity: true)
        pending.append(ids[ids.count - 1])
        for index in 0..<count { pending.append(draftedToken(index)) }
        try sequence.append(pending[...])
    }

    var overwritesLogits: Bool { constraint != nil || sampler.overwritesLogits }

    /// Draws the next token; see ``overwritesLogits``.
    func draw(from logits: UnsafeMutableBufferPointer<Float>) -> TokenID {
        constraint?.tokensLeft = tokensLeft
        return history.withUnsafeBufferPointer {
            sampler.sample(logits: logits, recent: $0, filter: constraint)
        }
    }

    /// Takes a token in: the text that can be shown now, and whether the reply ends here.
    func accept(_ id: TokenID, logProbability: Float) -> (text: String, end: FinishReason?) {
        ids.append(id)
        history.append(id)
        logProbabilities.append(logProbability)
        if endOfGeneration.contains(id) { return ("", .stop) }
        let (shown, stopped) = stops.push(detokenizer?.push(id) ?? "")
        text += shown
        if stopped { return (shown, .stop) }
        if constraint != nil {
            // A vocabulary that cannot spell what must follow leaves nothing to choose from.
            let isAllowed = constraint?.accept(id) ?? true
            if !isAllowed { return (shown, .length) }
            if constraint?.isComplete ?? false { return (shown, .stop) }
        }
        return (shown, nil)
    }

    /// Ends the reply and returns the text that was held back.
    @discardableResult
    func finish(_ reason: FinishReason) -> String {
        guard !isFinished else { return "" }
        isFinished = true
        finishReason = reason
        guard !stops.hasStopped else { return "" }
        let (shown, _) = stops.push(detokenizer?.finish() ?? "")
        let rest = stops.hasStopped ? shown : shown + stops.finish()
        text += rest
        return rest
    }

    var partial: GenerationCheckpoints.Partial {
        .init(candidate: index, ids: ids, isFinished: isFinished)
    }

    var reply: GeneratedReply {
        GeneratedReply(
            text: text, ids: ids, logProbabilities: logProbabilities, finishReason: finishReason,
            seed: candidate.seed)
    }
}
