import Engine
import Foundation
import LanguageModel
import Testing

@testable import Training

/// A model whose states are made of token ids: state k of a token at layer l is a fixed random
/// number, and layer 2's first number says how good the token is.
struct MadeUpStates: HiddenStateSource {
    static let width = 8

    static func quality(_ id: TokenID) -> Float { Float(id % 5) - 2 }

    func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) throws
        -> [[[Float]]]
    {
        replies.map { reply in
            layers.map { layer in
                reply.flatMap { id -> [Float] in
                    var random = SplitMix64(seed: UInt64(id) &* 31 &+ UInt64(layer))
                    return (0..<Self.width).map { k in
                        layer == 2 && k == 0 ? Self.quality(id) : Float(random.normal())
                    }
                }
            }
        }
    }

    static var model: LoadedModel {
        let text = """
            {"name": "made-up", "path": "made-up", "architecture": "none", "parameterCount": 0,
             "quantization": "F32", "fileBytes": 0, "layerCount": 4, "embeddingWidth": \(width),
             "vocabularySize": 1000, "contextLength": 64, "fingerprint": "f"}
            """
        let info = try! JSONDecoder().decode(ModelInfo.self, from: Data(text.utf8))
        return LoadedModel(
            info: info, contextLength: 64, tokenizer: nil, chatRenderer: nil,
            chatTemplateHash: nil)
    }

    static func examples(prompts: Int, replies: Int, seed: UInt64) -> [RewardExample] {
        var random = SplitMix64(seed: seed)
        return (0..<prompts).map { prompt in
            let texts = (0..<replies).map { _ in
                (0..<3 + random.below(6)).map { _ in TokenID(random.below(900)) }
            }
            let worth = texts.map { ids in
                ids.reduce(0) { $0 + Double(quality($1)) } / Double(ids.count)
            }
            let ranks = worth.map { value in 1 + worth.count { $0 > value } }
            return RewardExample(
                promptKey: "prompt \(prompt)", source: "made up", prompt: [1, 2],
                replies: texts, lengths: texts.map(\.count),
                judgements: RewardExample.judgements(ranks: ranks))
        }
    }
}

struct FeatureRewardTrainerTests {
    @Test func learnsFromBoardsOfSeveralReplies() throws {
        let examples = MadeUpStates.examples(prompts: 80, replies: 4, seed: 1)
        var trainer = FeatureRewardTrainer()
        trainer.options.layers = [1, 2, 4]
        var steps: [FeatureRewardTrainer.Progress] = []
        let outcome = try trainer.train(
            examples, model: MadeUpStates.model, source: MadeUpStates()
        ) { steps.append($0) }
        #expect(outcome.model.specification.features.contains(.init(layer: 2, pooling: .mean)))
        #expect(outcome.heldOut.accuracy > 0.9)
        #expect(outcome.heldOut.pairs + outcome.heldOut.ties <= 80 * 6)
        #expect(steps.last == .choosing(1))
        #expect(steps.contains(.reading(done: 80, total: 80)))

        // The reward's mean over the training replies is 0, its spread the one reported.
        let scores = try examples.flatMap {
            try outcome.model.score(prompt: $0.prompt, replies: $0.replies, with: MadeUpStates())
        }
        let mean = scores.reduce(0, +) / Double(scores.count)
        #expect(abs(mean) < 1e-4)
        let square = scores.reduce(0) { $0 + $1 * $1 } / Double(scores.count)
        #expect(abs(square.squareRoot() - outcome.model.scale.spread) < 1e-3)
    }

    @Test func tenRankingsGiveAHeadAndAWideInterval() throws {
        let outcome = try FeatureRewardTrainer().train(
            MadeUpStates.examples(prompts: 10, replies: 3, seed: 3), model: MadeUpStates.model,
            source: MadeUpStates())
        let interval = try #require(outcome.heldOut.interval)
        #expect(interval.upperBound - interval.lowerBound > 0.1)
        #expect(outcome.model.weights.allSatisfy { $0.isFinite })
    }

    @Test func saysWhatIsMissing() {
        let trainer = FeatureRewardTrainer()
        func train(_ examples: [RewardExample]) throws {
            _ = try trainer.train(examples, model: MadeUpStates.model, source: MadeUpStates())
        }
        var examples = MadeUpStates.examples(prompts: 3, replies: 2, seed: 4)
        #expect(throws: TrainingError.noComparisons(dropped: [])) { try train([]) }
        #expect(throws: TrainingError.tooFewPrompts(found: 1)) { try train([examples[0]]) }
        for i in examples.indices { examples[i].judgements[0].target = 0.5 }
        #expect(throws: TrainingError.onlyTies(count: 3)) { try train(examples) }
    }

    @Test func examplesOfOnePromptStayTogetherAndShareItsWeight() throws {
        var examples = MadeUpStates.examples(prompts: 3, replies: 3, seed: 6)
        examples[1].promptKey = examples[0].promptKey
        let table = try RewardTable(examples)
        #expect(table.promptCount == 2)
        let weights = table.comparisons.filter { $0.prompt == 0 }.map(\.weight)
        #expect(weights.count == 6)
        #expect(abs(weights.reduce(0, +) - 1) < 1e-9)
    }
}
