import Testing

@testable import LanguageModel

/// The forward pass over every family against transformers, on files in both formats.
@Suite struct TinyModelForwardTests {
    private func generator(_ model: TinyModel, _ kernels: KernelChoice) throws -> Generator {
        var options = ModelOptions()
        options.kernels = kernels
        options.threads = 2
        return try Generator(model: Model.load(path: model.path, options: options))
    }

    @Test(arguments: TinyModel.all) func logProbabilitiesAreThoseOfTransformers(_ model: TinyModel)
        throws
    {
        let expected = try model.expected()
        let result = try generator(model, .reference)
            .logProbabilities(of: expected.ids, top: expected.vocabulary)
        let wanted = expected.logProbabilities
        #expect(result.count == expected.ids.count)
        var worst: Float = 0
        for (position, entry) in result.enumerated() {
            #expect(entry.top.count == expected.vocabulary)
            for (id, value) in entry.top {
                worst = max(worst, abs(value - wanted[position * expected.vocabulary + Int(id)]))
            }
            if position > 0, let own = entry.logProbability {
                let id = Int(expected.ids[position])
                worst = max(worst, abs(own - wanted[(position - 1) * expected.vocabulary + id]))
            }
        }
        #expect(worst < 1e-3)
    }

    @Test(arguments: TinyModel.all) func greedyTokensAreThoseOfTransformers(_ model: TinyModel)
        throws
    {
        let expected = try model.expected()
        var greedy = SamplingOptions()
        greedy.temperature = 0
        let request = GenerationRequest(
            prompt: Array(expected.ids.prefix(16)),
            candidates: [.init(seed: 1, sampling: greedy), .init(seed: 2, sampling: greedy)],
            maxTokens: expected.greedy.count)
        let replies = try generator(model, .reference).generate(request) { _ in }
        #expect(replies.map(\.ids) == [expected.greedy, expected.greedy])
    }
}
