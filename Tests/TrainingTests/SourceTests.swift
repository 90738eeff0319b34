import Testing

@testable import Training

/// Data from several sources: what each counts, and how well each is agreed with.
@Suite struct SourceTests {
    /// Two sources that want the opposite, in turn.
    private func examples(contraryWeight: Double, otherWeight: Double = 1) -> [RewardExample] {
        var examples = MadeUpStates.examples(prompts: 80, replies: 3, seed: 8)
        for index in examples.indices {
            examples[index].weight = otherWeight
            guard index % 2 == 1 else { continue }
            examples[index].source = "contrary"
            examples[index].weight = contraryWeight
            for place in examples[index].judgements.indices {
                examples[index].judgements[place].target =
                    1 - examples[index].judgements[place].target
            }
        }
        return examples
    }

    private func train(_ examples: [RewardExample]) throws -> FeatureRewardTrainer.Outcome {
        var trainer = FeatureRewardTrainer()
        trainer.options.layers = [2]
        return try trainer.train(examples, model: MadeUpStates.model, source: MadeUpStates())
    }

    @Test func theHeavierSourceDecidesAndEachHasItsFigure() throws {
        let contrary = try train(examples(contraryWeight: 20)).bySource
        #expect(contrary.map(\.source) == ["contrary", "made up"])
        #expect(contrary[0].evaluation.accuracy > 0.8)
        #expect(contrary[1].evaluation.accuracy < 0.2)
        let outcome = try train(examples(contraryWeight: 1, otherWeight: 20))
        #expect(outcome.bySource[0].evaluation.accuracy < 0.2)
        #expect(outcome.bySource[1].evaluation.accuracy > 0.8)
        // Together they are all that was judged.
        let (first, second) = (outcome.bySource[0].evaluation, outcome.bySource[1].evaluation)
        #expect(first.pairs + second.pairs == outcome.heldOut.pairs)
        let right =
            first.accuracy * Double(first.pairs) + second.accuracy * Double(second.pairs)
        #expect(abs(right / Double(outcome.heldOut.pairs) - outcome.heldOut.accuracy) < 1e-9)
        let notes = outcome.model.specification.training.notes.joined(separator: "\n")
        #expect(notes.contains("contrary 1.0, made up 20.0"))
        #expect(notes.contains("Held-out accuracy by source: contrary 0."))
    }

    @Test func oneSourceNeedsNoTable() throws {
        let examples = MadeUpStates.examples(prompts: 20, replies: 2, seed: 9)
        let outcome = try train(examples)
        #expect(outcome.bySource.map(\.source) == ["made up"])
        #expect(outcome.bySource[0].evaluation.accuracy == outcome.heldOut.accuracy)
        #expect(outcome.bySource.notes(of: examples).isEmpty)
    }

    @Test func scoresAreJudgedSourceBySource() throws {
        let examples = examples(contraryWeight: 1)
        let scores = examples.flatMap { example in
            example.replies.map { ids in
                ids.reduce(0) { $0 + Double(MadeUpStates.quality($1)) } / Double(ids.count)
            }
        }
        let found = try RewardEvaluation.bySource(examples, scores: scores)
        #expect(found.map(\.evaluation.accuracy) == [0, 1])
        // K replies with ties: those are counted apart.
        let ties = examples.flatMap(\.judgements).count { $0.target == 0.5 }
        #expect(ties > 0)
        #expect(found.reduce(0) { $0 + $1.evaluation.ties } == ties)
    }
}
