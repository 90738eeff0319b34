import Foundation
import Testing

@testable import LanguageModel

/// The default model against transformers in float32 on the same (dequantised) weights;
/// Tests/Scripts/make_smollm2_goldens.py wrote the expected values.
@Suite(.enabled(if: TestModel.isPresent, "the default model is not on this machine"), .serialized)
struct DefaultModelTests {
    struct Text: Decodable {
        /// An id and its log-probability, in JSON an array of two.
        struct Alternative: Decodable {
            var id: TokenID
            var logProbability: Float

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                id = try container.decode(TokenID.self)
                logProbability = try container.decode(Float.self)
            }
        }

        var ids: [TokenID]
        var logprobs: [Float?]
        var top: [[Alternative]]
    }

    struct Greedy: Decodable {
        var question: String
        var prompt: [TokenID]
        var reply: [TokenID]
        var text: String
    }

    struct Perplexity: Decodable {
        var ids: [TokenID]
        var perplexity: Double
    }

    struct HiddenStates: Decodable {
        struct Sample: Decodable {
            var first: [Float]
            var norm: Double
        }

        var ids: [TokenID]
        var positions: [Int]
        var layers: [[Sample]]
    }

    struct Attention: Decodable {
        var ids: [TokenID]
        var positions: [Int]
        var layers: [Int]
        /// [layer][position][head][position 0 … position]
        var weights: [[[[Float]]]]
    }

    static let texts = ["prose", "code", "unicode"]

    @Test(arguments: texts)
    func referenceLogProbabilities(text: String) throws {
        let expected: Text = try golden("smollm2/\(text).json")
        let generator = try Generator(model: TestModel.reference.get())
        let found = try generator.logProbabilities(of: expected.ids, top: 5)
        #expect(found.count == expected.ids.count)
        #expect(found.first?.logProbability == nil)
        for (position, (found, wanted)) in zip(found, expected.logprobs).enumerated() {
            guard let wanted else { continue }
            let difference = abs(try #require(found.logProbability) - wanted)
            #expect(difference <= 0.01, "token \(position)")
        }
        for (position, (found, wanted)) in zip(found, expected.top).enumerated() {
            #expect(found.top.count == wanted.count)
            for (found, wanted) in zip(found.top, wanted) {
                #expect(
                    abs(found.logProbability - wanted.logProbability) <= 0.01,
                    "rank after token \(position)")
            }
            // Ids may change places only where their probabilities are equal within the bound.
            let isClear =
                wanted.count > 1 && wanted[0].logProbability - wanted[1].logProbability > 0.02
            if isClear { #expect(found.top.first?.id == wanted[0].id, "token \(position)") }
        }
    }

    @Test(arguments: texts)
    func fastLogProbabilities(text: String) throws {
        let expected: Text = try golden("smollm2/\(text).json")
        let generator = try Generator(model: TestModel.fast.get())
        let found = try generator.logProbabilities(of: expected.ids)
        let differences = try zip(found, expected.logprobs).dropFirst().map { found, wanted in
            abs(Double(try #require(found.logProbability)) - Double(try #require(wanted)))
        }
        #expect(differences.count == expected.ids.count - 1)
        let mean = differences.reduce(0, +) / Double(differences.count)
        #expect(mean <= 0.10)
    }

    @Test func fastPerplexity() throws {
        let expected: Perplexity = try golden("smollm2/perplexity.json")
        let generator = try Generator(model: TestModel.fast.get())
        let found = try generator.logProbabilities(of: expected.ids).compactMap(\.logProbability)
        #expect(found.count == expected.ids.count - 1)
        let mean = found.reduce(0) { $0 + Double($1) } / Double(found.count)
        #expect(abs(exp(-mean) / expected.perplexity - 1) <= 0.01)
    }

    /// Passes over a prompt are as long as the machine is fast, where somebody can stop them; and
    /// of a prompt that is known, only the last token is read.
    @Test func aPromptHasTheSameBitsHoweverItIsCut() throws {
        let expected: Perplexity = try golden("smollm2/perplexity.json")
        let generator = try Generator(model: TestModel.fast.get())
        for length in [40, 100, 400] {
            let prompt = Array(expected.ids.prefix(length))
            var found: Set<Float> = []
            for isKnown in [false, true] {
                if !isKnown { generator.clearCache() }
                var greedy = SamplingOptions()
                greedy.temperature = 0
                let reply = try generator.generate(
                    GenerationRequest(
                        prompt: prompt, candidates: [.init(seed: 1, sampling: greedy)],
                        maxTokens: 1)
                ) { _ in }[0]
                found.insert(reply.logProbabilities[0])
                generator.clearCache()
                let whole = try generator.logProbabilities(
                    ofContinuations: [reply.ids], after: prompt)
                found.insert(whole[0][0])
            }
            #expect(found.count == 1, "\(length) tokens")
        }
    }

    @Test func greedyReply() throws {
        let expected: Greedy = try golden("smollm2/greedy.json")
        var sampling = SamplingOptions()
        sampling.temperature = 0
        for model in [try TestModel.reference.get(), try TestModel.fast.get()] {
            let generator = try Generator(model: model)
            let replies = try generator.generate(
                GenerationRequest(
                    prompt: expected.prompt, candidates: [.init(seed: 1, sampling: sampling)],
                    maxTokens: 16)
            ) { _ in }
            let reply = try #require(replies.first)
            #expect(reply.ids == expected.reply)
            #expect(reply.finishReason == .stop)
            #expect(reply.text + "<|im_end|>" == expected.text)
        }
    }

    @Test func referenceHiddenStates() throws {
        let expected: HiddenStates = try golden("smollm2/hidden_states.json")
        let model = try TestModel.reference.get()
        let generator = try Generator(model: model)
        let layers = Array(0...model.info.layerCount)
        #expect(expected.layers.count == layers.count)
        // The first token is the prompt; its own state is not among the reply's.
        let found = try generator.hiddenStates(
            prompt: Array(expected.ids.prefix(1)), replies: [Array(expected.ids.dropFirst())],
            layers: layers)[0]
        let width = model.info.embeddingWidth
        for layer in layers {
            for (sample, position) in zip(expected.layers[layer], expected.positions)
            where position > 0 {
                let state = found[layer][(position - 1) * width..<position * width]
                let norm = state.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
                // Some layers carry a few values in the thousands: the bound follows the norm.
                let bound = Float(1e-3 * max(1, sample.norm / Double(width).squareRoot()))
                #expect(abs(norm / sample.norm - 1) <= 1e-3, "layer \(layer), token \(position)")
                for (found, wanted) in zip(state, sample.first) {
                    #expect(abs(found - wanted) <= bound, "layer \(layer), token \(position)")
                }
            }
        }
    }

    /// What the attention view shows is what transformers' `output_attentions` gives.
    @Test func referenceAttention() throws {
        let expected: Attention = try golden("smollm2/attention.json")
        let generator = try Generator(model: TestModel.reference.get())
        #expect(expected.positions.count == 10)
        for (place, position) in expected.positions.enumerated() {
            let found = try generator.attention(of: position, in: expected.ids)
            for (slot, layer) in expected.layers.enumerated() {
                let heads = expected.weights[slot][place]
                #expect(found[layer].count == heads.count)
                for (head, wanted) in heads.enumerated() {
                    #expect(found[layer][head].count == position + 1)
                    for (key, weight) in wanted.enumerated() {
                        #expect(
                            abs(found[layer][head][key] - weight) <= 1e-3,
                            "layer \(layer), head \(head), token \(position) to \(key)")
                    }
                }
            }
        }
    }

    @Test func sameSeedSameTextAndOthersDiffer() throws {
        let story: Text = try golden("smollm2/prose.json")
        let generator = try Generator(model: TestModel.fast.get())
        var sampling = SamplingOptions()
        sampling.temperature = 0.8
        let request = GenerationRequest(
            prompt: story.ids,
            candidates: (0..<8).map { .init(seed: 40 + UInt64($0), sampling: sampling) },
            maxTokens: 48)
        let first = try generator.generate(request) { _ in }
        let second = try Generator(model: TestModel.fast.get()).generate(request) { _ in }
        #expect(first == second)
        #expect(Set(first.map(\.ids)).count == 8)
    }
}
