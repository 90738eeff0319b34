import Testing

@testable import LanguageModel

/// What is kept of what was read.
@Suite struct PrefixCacheTests {
    @Test func scoredPromptsMakePlaceForEachOtherAndNotForTheChat() throws {
        let model = try #require(TinyModel.all.first { $0.path.contains("llama") })
        let ids = try model.expected().ids
        var options = ModelOptions()
        options.kernels = .reference
        let generator = try Generator(model: Model.load(path: model.path, options: options))
        let chat = Array(ids.prefix(8))
        _ = try generator.generate(
            GenerationRequest(
                prompt: chat, candidates: [.init(seed: 1, sampling: SamplingOptions())],
                maxTokens: 2)
        ) { _ in }
        #expect(generator.cachedLength(of: chat) == 8)
        let bytes = generator.cacheBytes
        let prompts = (1...6).map { start in ids[start...].prefix(7).map { $0 } }
        for prompt in prompts {
            for reply in [ids[0], ids[1]] {
                _ = try generator.hiddenStates(prompt: prompt, replies: [[reply]], layers: [1])
                // The second reply to a prompt finds it read.
                #expect(generator.cachedLength(of: prompt) == 7)
            }
        }
        // A prompt that goes on where the chat ended takes nothing of it away.
        let longer = chat + ids[8..<12]
        _ = try generator.hiddenStates(prompt: longer, replies: [[ids[0]]], layers: [1])
        #expect(generator.cachedLength(of: longer) == 12)
        _ = try generator.hiddenStates(prompt: prompts[0], replies: [[ids[0]]], layers: [1])
        #expect(generator.cachedLength(of: chat) == 8)
        #expect(generator.cachedLength(of: longer) < 12)
        #expect(generator.cacheBytes <= 2 * bytes)
    }

    @Test func theLeastRecentlyUsedGoWhereMemoryIsScarce() throws {
        let model = try #require(TinyModel.all.first { $0.path.contains("llama") })
        let ids = try model.expected().ids
        func generator(pages: Int) throws -> Generator {
            var options = ModelOptions()
            options.kernels = .reference
            options.cacheBudget = 1
            let model = try Model.load(path: model.path, options: options)
            options.cacheBudget = pages * model.plan.pageBytes
            return try Generator(model: Model.load(path: model.info.path, options: options))
        }
        let prompts = (0..<3).map { Array(ids[$0..<$0 + 8]) }
        func read(_ prompt: [TokenID], with generator: Generator) throws {
            _ = try generator.generate(
                GenerationRequest(
                    prompt: prompt, candidates: [.init(seed: 1, sampling: SamplingOptions())],
                    maxTokens: 0)
            ) { _ in }
        }
        let roomy = try generator(pages: 100)
        for prompt in prompts { try read(prompt, with: roomy) }
        #expect(prompts.map { roomy.cachedLength(of: $0) } == [8, 8, 8])
        let tight = try generator(pages: 3)
        try read(prompts[0], with: tight)
        try read(prompts[1], with: tight)
        // Used again, the first is younger than the second.
        try read(prompts[0], with: tight)
        try read(prompts[2], with: tight)
        #expect(tight.cachedLength(of: prompts[2]) == 8)
        #expect(tight.cachedLength(of: prompts[1]) == 0)
        #expect(tight.cacheBytes <= 3 * tight.model.plan.pageBytes)
    }
}
