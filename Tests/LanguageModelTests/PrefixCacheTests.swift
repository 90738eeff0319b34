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
}
