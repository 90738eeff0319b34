import Testing

@testable import LanguageModel

/// Candidates that are looked at, and ended, while they are written.
@Suite struct CheckpointTests {
    private static var model: TinyModel { TinyModel.all.first { $0.path.contains("llama") }! }

    private func generator() throws -> Generator {
        var options = ModelOptions()
        options.kernels = .reference
        return try Generator(model: Model.load(path: Self.model.path, options: options))
    }

    private func request(_ count: Int, maxTokens: Int) throws -> GenerationRequest {
        var sampling = SamplingOptions()
        sampling.temperature = 1
        return GenerationRequest(
            prompt: Array(try Self.model.expected().ids.prefix(8)),
            candidates: (1...UInt64(count)).map { .init(seed: $0, sampling: sampling) },
            maxTokens: maxTokens)
    }

    @Test func endedCandidatesLeaveTheOthersAsTheyAre() throws {
        let request = try request(6, maxTokens: 20)
        let whole = try generator().generate(request) { _ in }
        try #require(whole.filter { $0.ids.count > 4 }.count >= 4)
        let generator = try generator()
        var seen: [[GenerationCheckpoints.Partial]] = []
        let checkpoints = GenerationCheckpoints(lengths: [4, 8, 30]) { partials in
            seen.append(partials)
            // A judge reads the replies with the same generator.
            _ = try generator.hiddenStates(
                prompt: request.prompt, replies: partials.map(\.ids), layers: [1])
            return seen.count == 1 ? [1, 3] : []
        }
        var ends: [Int: FinishReason] = [:]
        let replies = try generator.generate(request, checkpoints: checkpoints) { event in
            if case .candidateFinished(let index, let reply) = event {
                ends[index] = reply.finishReason
            }
        }
        #expect(seen.count == 2)
        for partial in seen[0] {
            #expect(partial.isFinished ? partial.ids.count <= 4 : partial.ids.count == 4)
        }
        for (index, reply) in replies.enumerated() {
            let isEnded = [1, 3].contains(index) && whole[index].ids.count > 4
            #expect(reply.ids == (isEnded ? Array(whole[index].ids.prefix(4)) : whole[index].ids))
            #expect(reply.finishReason == (isEnded ? .hopeless : whole[index].finishReason))
            #expect(ends[index] == reply.finishReason)
        }
        let ended = seen[1].filter { [1, 3].contains($0.candidate) }
        #expect(ended.map(\.isFinished) == [true, true])
    }

    @Test func lengthsPassedTogetherAreJudgedOnce() throws {
        let generator = try generator()
        var calls = 0
        // The first token is drawn before the first pass: 1 is the least there is.
        let checkpoints = GenerationCheckpoints(lengths: [0, 1]) { _ in
            calls += 1
            return []
        }
        _ = try generator.generate(request(2, maxTokens: 4), checkpoints: checkpoints) { _ in }
        #expect(calls == 1)
    }

    @Test func whatTheJudgeThrowsEndsIt() throws {
        struct Broken: Error {}
        let generator = try generator()
        let checkpoints = GenerationCheckpoints(lengths: [1]) { _ in throw Broken() }
        #expect(throws: Broken.self) {
            try generator.generate(request(2, maxTokens: 4), checkpoints: checkpoints) { _ in }
        }
        // It is as good as before.
        let again = try generator.generate(request(2, maxTokens: 4)) { _ in }
        #expect(again.count == 2)
    }
}
