import Testing

@testable import LanguageModel

/// Text that stood before, guessed to come again.
@Suite struct SpeculationTests {
    private func generator(_ model: TinyModel) throws -> Generator {
        var options = ModelOptions()
        options.threads = 2
        return try Generator(model: Model.load(path: model.path, options: options))
    }

    /// Replies, and the tokens that were guessed rightly and at all.
    private func replies(
        _ generator: Generator, _ prompt: [TokenID], temperatures: [Float], speculates: Bool,
        maxTokens: Int = 48
    ) throws -> (replies: [GeneratedReply], accepted: Int, drafted: Int) {
        var timings = GenerationTimings()
        generator.clearCache()
        let request = GenerationRequest(
            prompt: prompt,
            candidates: temperatures.enumerated().map { index, temperature in
                var sampling = SamplingOptions()
                sampling.temperature = temperature
                sampling.repetitionPenalty = index == 1 ? 1.05 : 1
                sampling.minTokens = index * 16
                return .init(seed: 3 + UInt64(index), sampling: sampling)
            }, maxTokens: maxTokens, speculates: speculates)
        let replies = try generator.generate(request) { event in
            if case .finished(let measured) = event { timings = measured }
        }
        return (replies, timings.acceptedTokens, timings.draftedTokens)
    }

    /// Makes a generator expect that guesses are right.
    private func encourage(_ generator: Generator) {
        for length in [2, 4, 8] {
            let passage = (0..<TokenID(length)).map { $0 }
            let draft = Draft(following: passage + [-1] + passage)
            for _ in 0..<200 { generator.drafts.record(draft, isRight: true) }
        }
    }

    @Test(arguments: TinyModel.all) func repliesAreTheSameBitForBit(_ model: TinyModel) throws {
        let quoted = Array(try model.expected().ids.prefix(10))
        let prompt = quoted + quoted
        let generator = try generator(model)
        guard generator.rowCost < 1 else { return }
        for temperatures: [Float] in [[0], [0, 0.7, 1.2]] {
            let plain = try replies(
                generator, prompt, temperatures: temperatures, speculates: false)
            #expect(plain.drafted == 0)
            // With what is assumed of guesses, with what was learnt, and eagerly.
            for round in 0..<3 {
                if round == 2 { encourage(generator) }
                let found = try replies(
                    generator, prompt, temperatures: temperatures, speculates: true)
                #expect(found.replies == plain.replies)
                #expect(found.accepted <= found.drafted)
                guard round == 2, temperatures.count == 1 else { continue }
                // Before the last token but one there may be a guess.
                let said = plain.replies[0].ids
                let repeats = said.indices.dropLast().prefix(46).contains {
                    !Draft(following: prompt + said[...$0]).isEmpty
                }
                #expect((found.drafted > 0) == repeats)
            }
        }
    }

    /// What is kept of a reply is what was said, and not what was guessed.
    @Test func wrongGuessesLeaveNothingBehind() throws {
        let model = try #require(TinyModel.all.first { $0.path.contains("llama") })
        let prompt = Array(try model.expected().ids.prefix(10))
        let generator = try generator(model)
        guard generator.rowCost < 1 else { return }
        encourage(generator)
        let found = try replies(
            generator, prompt + prompt, temperatures: [1.5], speculates: true)
        #expect(found.drafted > found.accepted)
        let said = prompt + prompt + found.replies[0].ids
        #expect(generator.cachedLength(of: said + [0, 1, 2]) <= said.count)
        // Read from the cache, it goes on as it does read anew.
        let after = try generator.logProbabilities(of: said, top: 3)
        generator.clearCache()
        let anew = try generator.logProbabilities(of: said, top: 3)
        #expect(after.map(\.logProbability) == anew.map(\.logProbability))
    }

    @Test func contextAndLimitEndRepliesAsEver() throws {
        let model = try #require(TinyModel.all.first { $0.path.contains("llama") })
        let prompt = Array(try model.expected().ids.prefix(10))
        let generator = try generator(model)
        for most in [1, 2, 3, 5, 17] {
            let found = try replies(
                generator, prompt + prompt + prompt, temperatures: [0], speculates: true,
                maxTokens: most)
            #expect(found.replies[0].ids.count <= most)
            let plain = try replies(
                generator, prompt + prompt + prompt, temperatures: [0], speculates: false,
                maxTokens: most)
            #expect(found.replies == plain.replies)
        }
    }

    // MARK: Drafts

    private func tokens(_ text: [TokenID], _ count: Int) -> [TokenID] {
        let draft = Draft(following: text)
        return draft.isEmpty
            ? []
            : text.withUnsafeBufferPointer { text in
                (0..<count).map { draft.token($0, in: text) }
            }
    }

    @Test func theLongestEndThatStoodBeforeIsFollowed() {
        #expect(tokens([1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3], 2) == [4, 9])
        // Of two as long, the latest.
        #expect(tokens([1, 2, 7, 1, 2, 8, 1, 2], 2) == [8, 1])
        // One common token is none.
        #expect(tokens([5, 1, 6, 2, 1], 1) == [])
        #expect(tokens([1, 2, 3], 1) == [])
        #expect(tokens([4], 1) == [])
        #expect(tokens([], 1) == [])
    }

    @Test func whatRepeatsGoesOnToRepeat() {
        #expect(tokens([1, 2, 3, 1, 2, 3], 5) == [1, 2, 3, 1, 2])
        #expect(tokens([7, 7, 7], 4) == [7, 7, 7, 7])
        #expect(Draft(following: [1, 2, 3, 1, 2, 3, 1, 2, 3]).common == 6)
    }

    @Test func draftsAreAsLongAsTheyPay() {
        let text: [TokenID] = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
        let draft = Draft(following: text)
        var statistics = DraftStatistics()
        func length(streams: Int = 1, rowCost: Double = 0.2, most: Int = 24) -> Int {
            statistics.length(of: draft, streams: streams, rowCost: rowCost, most: most)
        }
        let first = length()
        #expect(first > 0)
        #expect(length(streams: 8) < first)
        #expect(length(rowCost: 1) == 0)
        #expect(length(most: 1) == 1)
        #expect(length(most: -1) == 0)
        for _ in 0..<100 { statistics.record(draft, isRight: true) }
        #expect(length() > first)
        for _ in 0..<100 { statistics.record(draft, isRight: false) }
        #expect(length() == 0)
        #expect(statistics.length(of: Draft(), streams: 1, rowCost: 0.2, most: 24) == 0)
        // Shorter common ends are counted apart.
        let brief = Draft(following: [1, 2, 3, 1, 2])
        #expect(statistics.length(of: brief, streams: 1, rowCost: 0.2, most: 24) > 0)
    }
}

extension Draft {
    fileprivate init(following text: [TokenID]) {
        self = text.withUnsafeBufferPointer { Draft(following: $0) }
    }
}
