import Engine
import Foundation
import LanguageModel
import Testing

@testable import Training

struct LoRARewardTrainerTests {
    private static var temporary: String {
        NSTemporaryDirectory() + "riposte-training-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    }

    /// The script's ten steps, three prompts each, in its order.
    @Test(arguments: TinyRewardModel.families)
    func tenStepsEqualPyTorch(family: String) throws {
        let tiny = try TinyRewardModel(family)
        let settings = tiny.expected.settings
        let examples = tiny.expected.examples
        let pass = RewardPass(body: tiny.body, layout: tiny.layout, threads: 2)
        let parameters = try tiny.parameters()
        let gradient = FloatBuffer(count: parameters.count)
        let optimizer = AdamW(
            count: parameters.count, settings: AdamW.Settings(decay: settings.decay))
        let schedule = LearningRateSchedule(
            warmup: settings.warmup, steps: settings.steps, floor: Double(settings.floor))
        for step in 0..<settings.steps {
            let chosen = (0..<3).map { examples[(3 * step + $0) % examples.count] }
            var batch = TreeBatch()
            var comparisons: [Comparison] = []
            var row = 0
            for (number, example) in chosen.enumerated() {
                batch.append(prompt: example.prompt, replies: example.replies)
                for item in RewardExample.judgements(ranks: example.ranks) where item.target != 0.5
                {
                    comparisons.append(
                        Comparison(
                            prompt: number, first: row + item.first, second: row + item.second,
                            target: item.target))
                }
                row += example.replies.count
            }
            comparisons = Comparison.balanced(comparisons)
            gradient.clear()
            var found = 0.0
            pass.accumulate(batch, parameters: parameters, gradient: gradient) { outputs in
                let (loss, slopes) = ComparisonLoss(totalWeight: 3).evaluate(
                    comparisons, scores: outputs.map { Double($0[0]) })
                found = loss
                return slopes.map { [Float($0)] }
            }
            let expected = tiny.expected.losses[step]
            #expect(abs(found - expected) < 1e-4 * expected, "step \(step)")
            let factor = Double(settings.clip) / (gradient.norm + 1e-6)
            if factor < 1 { gradient.scale(by: Float(factor)) }
            let share = schedule.share(at: step)
            let split = tiny.layout.headOffset
            optimizer.step(
                parameters: parameters, gradient: gradient,
                groups: [
                    .init(range: 0..<split, rate: Double(settings.adapter_rate) * share),
                    .init(
                        range: split..<tiny.layout.count, rate: Double(settings.head_rate) * share),
                ])
        }
        let trained = try PEFTAdapter(folder: tiny.folder + "/trained").parameters(
            tiny.layout, body: tiny.body, path: tiny.folder)
        let worst = zip(parameters.array, trained).map { abs($0 - $1) }.max()!
        #expect(worst < 2e-3)
    }

    /// Prompts whose better reply begins with a low id, the worse with a high one.
    private func examples(_ count: Int) -> [RewardExample] {
        var random = SplitMix64(seed: 8)
        return (0..<count).map { number in
            func reply(_ low: Int) -> [TokenID] {
                (0..<2 + random.below(4)).map { _ in TokenID(low + random.below(10)) }
            }
            let replies = [reply(5), reply(30)]
            return RewardExample(
                promptKey: "\(number)", source: "made up",
                prompt: (0..<3).map { _ in TokenID(3 + random.below(40)) }, replies: replies,
                lengths: replies.map(\.count),
                judgements: [.init(first: 0, second: 1, target: 1)])
        }
    }

    private func trainer() -> LoRARewardTrainer {
        var trainer = LoRARewardTrainer()
        trainer.options.adapters.rank = 2
        trainer.options.adapters.alpha = 4
        trainer.options.adapters.adapterRate = 1e-2
        trainer.options.adapters.headRate = 1e-2
        trainer.options.adapters.epochs = 4
        trainer.options.adapters.itemsPerStep = 4
        trainer.options.adapters.rowsAtOnce = 40
        trainer.options.adapters.checkpointEvery = 3
        // A handful of held-out prompts is a noisy judge: here it must not end the run.
        trainer.options.adapters.evaluations = 2
        trainer.options.adapters.patience = 100
        return trainer
    }

    private func loaded(_ tiny: TinyRewardModel) throws -> LoadedModel {
        let files = try ModelFiles.open(path: tiny.folder)
        return LoadedModel(
            info: files.info, contextLength: 64, tokenizer: nil, chatRenderer: nil,
            chatTemplateHash: nil)
    }

    @Test func learnsWhatIsThere() throws {
        let tiny = try TinyRewardModel("llama")
        var evaluations = 0
        let outcome = try trainer().train(examples(120), body: tiny.body, model: loaded(tiny)) {
            if case .evaluated = $0 { evaluations += 1 }
        }
        let heldOut = try #require(outcome.heldOut)
        #expect(heldOut.accuracy > 0.9)
        // 25 steps an epoch, one evaluation after each 12, one at the end, and one of the start.
        #expect(evaluations == 10)
        // Mean 0 over the training replies: near 0 over all.
        let scores = try examples(120).flatMap {
            try outcome.model.scores(prompt: $0.prompt, replies: $0.replies)
        }
        let mean = scores.reduce(0, +) / Double(scores.count)
        #expect(abs(mean) < 0.5 * outcome.model.scale.spread)
    }

    /// Steps of no length leave what training begins with.
    @Test func beginsWithAHeadThatTellsRepliesApart() throws {
        let tiny = try TinyRewardModel("llama")
        let model = try loaded(tiny)
        func start(_ head: HeadStart) throws -> LoRARewardTrainer.Outcome {
            var trainer = trainer()
            trainer.options.headStart = head
            trainer.options.adapters.adapterRate = 0
            trainer.options.adapters.headRate = 0
            trainer.options.adapters.epochs = 1
            trainer.options.adapters.testShare = 0.4
            return try trainer.train(examples(300), body: tiny.body, model: model) { _ in }
        }
        let random = try start(.random)
        let fitted = try start(.fitted)
        let layout = random.model.layout
        #expect(random.model.parameters == layout.initialParameters(seed: 0))
        // The adapters have no effect yet: B is 0.
        #expect(
            fitted.model.parameters[..<layout.headOffset]
                == random.model.parameters[..<layout.headOffset])
        let (found, chance) = (try #require(fitted.heldOut), try #require(random.heldOut))
        #expect(found.accuracy > 0.75 && found.accuracy > chance.accuracy)
        #expect(found.logLoss < 0.5 && found.logLoss < chance.logLoss)
        // Without a bias, and yet its scores have no mean for the centring to pull at.
        #expect(abs(fitted.model.scale.mean) < 0.01 * fitted.model.scale.spread)
    }

    @Test func oneKindOfPromptIsTooLittleToFitAHead() throws {
        let tiny = try TinyRewardModel("llama")
        let layout = AdapterLayout(body: tiny.body, rank: 2, alpha: 4, headRows: 1)
        let pass = RewardPass(body: tiny.body, layout: layout, threads: 1)
        let head = try trainer().fittedHead(
            examples(1), pass: pass, parameters: FloatBuffer(layout.initialParameters(seed: 0))
        ) { _ in }
        #expect(head == nil)
    }

    @Test func killedAndStartedAgainGivesTheSameWeights() throws {
        let tiny = try TinyRewardModel("llama")
        let model = try loaded(tiny)
        let whole = try trainer().train(examples(40), body: tiny.body, model: model) { _ in }
        var first = trainer()
        let path = Self.temporary + ".safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        first.checkpointPath = path
        // As a kill would: the state after step 7 is lost, the checkpoint of step 6 stays.
        let task = try copyOfCheckpoint(first, tiny, model, after: 7)
        try task.write(to: URL(fileURLWithPath: path))
        var started = -1
        let resumed = try first.train(examples(40), body: tiny.body, model: model) {
            if case .started(let step, _, _, _) = $0 { started = step }
        }
        #expect(started == 6)
        #expect(resumed.model.parameters == whole.model.parameters)
        let again = try trainer().train(examples(40), body: tiny.body, model: model) { _ in }
        #expect(again.model.parameters == whole.model.parameters)
    }

    private func copyOfCheckpoint(
        _ trainer: LoRARewardTrainer, _ tiny: TinyRewardModel, _ model: LoadedModel, after: Int
    ) throws -> Data {
        var copy: Data?
        _ = try trainer.train(examples(40), body: tiny.body, model: model) { event in
            if case .step(let step) = event, step.step == after {
                copy = FileManager.default.contents(atPath: trainer.checkpointPath!)
            }
        }
        return try #require(copy)
    }

    @Test func refusesTheCheckpointOfAnotherRun() throws {
        let tiny = try TinyRewardModel("llama")
        let path = Self.temporary + ".safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var first = trainer()
        first.checkpointPath = path
        _ = try first.train(examples(30), body: tiny.body, model: loaded(tiny)) { _ in }
        first.options.adapters.seed = 9
        #expect(throws: TrainingError.self) {
            try first.train(examples(30), body: tiny.body, model: loaded(tiny)) { _ in }
        }
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.self) {
            try first.train(examples(30), body: tiny.body, model: loaded(tiny)) { _ in }
        }
    }

    @Test func lossThatIsNoNumberStopsTheRun() throws {
        let tiny = try TinyRewardModel("llama")
        var trainer = trainer()
        let layout = AdapterLayout(body: tiny.body, rank: 2, alpha: 4, headRows: 1)
        var initial = layout.initialParameters(seed: 0)
        initial[layout.headOffset] = .infinity
        trainer.checkpointPath = nil
        #expect(throws: TrainingError.diverged(step: 1, checkpoint: nil)) {
            try trainer.train(
                examples(30), body: tiny.body, model: loaded(tiny), initial: initial
            ) { _ in }
        }
    }

    @Test func writtenModelScoresAsTheTrainedOne() throws {
        let tiny = try TinyRewardModel("llama")
        let model = try loaded(tiny)
        let outcome = try trainer().train(examples(30), body: tiny.body, model: model) { _ in }
        let folder = Self.temporary
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try outcome.model.write(folder: folder)
        let read = try LoRARewardModel(
            folder: folder, files: ModelFiles.open(path: tiny.folder))
        #expect(read.parameters == outcome.model.parameters)
        #expect(read.fingerprint == outcome.model.fingerprint)
        let example = examples(1)[0]
        #expect(
            try read.scores(prompt: example.prompt, replies: example.replies)
                == outcome.model.scores(prompt: example.prompt, replies: example.replies))
        #expect(try read.check(model).isEmpty)
    }

    @Test func adapterOfPEFTWithoutOurFileScoresToo() throws {
        let tiny = try TinyRewardModel("qwen2")
        let model = try LoRARewardModel(
            folder: tiny.folder + "/adapter", files: ModelFiles.open(path: tiny.folder))
        for (example, expected) in zip(tiny.expected.examples, tiny.expected.scores) {
            let found = try model.scores(prompt: example.prompt, replies: example.replies)
            for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4) }
        }
    }
}
