import Engine
import Foundation
import LanguageModel

/// The loop that fits adapters and a head to a loss: steps of several items, clipping, warm-up
/// and decay, held-out evaluation with early stop, checkpoints. What the items and the loss are
/// is the caller's business, so reward models and classifiers share it.
final class AdapterFitting {
    /// One element of a batch: a prompt with replies, or a text with a label.
    struct Item {
        var prompt: [TokenID]
        var replies: [[TokenID]]
        var weight: Double
        /// The item's share of the loss and its derivative by each head output, given the
        /// weight of the whole step.
        var loss: (_ outputs: [[Float]], _ stepWeight: Double) -> (Double, [[Float]])

        var rows: Int { TreeBatch.rows(prompt: prompt, replies: replies) }
    }

    let options: AdapterOptions
    let items: [Item]
    let pass: RewardPass
    let parameters: FloatBuffer
    let checkpointPath: String?
    let identity: String
    private let gradient: FloatBuffer
    private let optimizer: AdamW
    private var best: [Float] = []
    private var bestLoss = Double.infinity
    private var bestStep = 0
    private var evaluationsSinceBest = 0

    let stepCount: Int
    private let stepsPerEpoch: Int

    init(
        options: AdapterOptions, items: [Item], pass: RewardPass, initial: [Float],
        checkpointPath: String?, identity: String
    ) throws {
        self.options = options
        self.items = items
        self.pass = pass
        self.checkpointPath = checkpointPath
        self.identity = identity
        parameters = FloatBuffer(initial)
        gradient = FloatBuffer(count: initial.count)
        optimizer = AdamW(
            count: initial.count, settings: AdamW.Settings(decay: options.decay))
        stepsPerEpoch = (items.count + options.itemsPerStep - 1) / max(1, options.itemsPerStep)
        stepCount = stepsPerEpoch * options.epochs
        if let checkpointPath, FileManager.default.fileExists(atPath: checkpointPath) {
            try restore(from: checkpointPath)
        }
    }

    /// The step that the run goes on from: 0, or that of the checkpoint.
    private(set) var startStep = 0

    /// Runs to the end or to the early stop; leaves the best parameters in ``parameters`` where
    /// there was an evaluation.
    ///
    /// - Parameters:
    ///   - evaluating: whether anything is held out to evaluate on.
    ///   - andStart: whether the parameters that it begins with may be the best.
    ///   - evaluate: the held-out loss with the current parameters, after a step.
    func run(
        evaluating: Bool, andStart: Bool = false, evaluate: (_ step: Int) -> Double,
        report: (TrainingStep) -> Void
    ) throws {
        let interval = max(1, stepsPerEpoch / max(1, options.evaluations))
        var step = startStep
        if evaluating, andStart, step == 0 { judge(evaluate(0), step: 0) }
        while step < stepCount {
            if Task.isCancelled {
                try save(step: step)
                throw CancellationError()
            }
            if evaluating, evaluationsSinceBest >= options.patience { break }
            try take(step, report: report)
            step += 1
            if evaluating, step % interval == 0 || step == stepCount {
                judge(evaluate(step), step: step)
            }
            if step % max(1, options.checkpointEvery) == 0 { try save(step: step) }
        }
        if !best.isEmpty { parameters.assign(best) }
    }

    func removeCheckpoint() {
        if let checkpointPath { try? FileManager.default.removeItem(atPath: checkpointPath) }
    }

    /// The step after which ``parameters`` were best; the last where nothing was held out.
    var chosenStep: Int { best.isEmpty ? stepCount : bestStep }

    // MARK: One step

    private func take(_ step: Int, report: (TrainingStep) -> Void) throws {
        let start = ContinuousClock.now
        let chosen = indices(ofStep: step)
        let weight = chosen.reduce(0) { $0 + items[$1].weight }
        gradient.clear()
        var loss = 0.0
        var rows = 0
        for part in parts(chosen) {
            var batch = TreeBatch()
            for index in part {
                batch.append(prompt: items[index].prompt, replies: items[index].replies)
            }
            rows += batch.rows
            pass.accumulate(batch, parameters: parameters, gradient: gradient) { outputs in
                var slopes: [[Float]] = []
                var place = 0
                for index in part {
                    let item = items[index]
                    let own = Array(outputs[place..<place + item.replies.count])
                    let (itemLoss, itemSlopes) = item.loss(own, weight)
                    loss += itemLoss
                    slopes += itemSlopes
                    place += item.replies.count
                }
                return slopes
            }
        }
        let norm = gradient.norm
        guard loss.isFinite, norm.isFinite else {
            // Nothing of this step is kept: the checkpoint on disk is the last good state.
            let saved = checkpointPath.flatMap {
                FileManager.default.fileExists(atPath: $0) ? $0 : nil
            }
            throw TrainingError.diverged(step: step + 1, checkpoint: saved)
        }
        // PyTorch's clip_grad_norm_.
        let factor = options.clip / (norm + 1e-6)
        if options.clip > 0, factor < 1 { gradient.scale(by: Float(factor)) }
        let schedule = LearningRateSchedule(
            warmup: warmupSteps, steps: stepCount, floor: options.floor)
        let share = schedule.share(at: step)
        let layout = pass.layout
        optimizer.step(
            parameters: parameters, gradient: gradient,
            groups: [
                .init(range: 0..<layout.adapterCount, rate: options.adapterRate * share),
                .init(range: layout.headOffset..<layout.count, rate: options.headRate * share),
            ])
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        report(
            TrainingStep(
                step: step + 1, loss: loss, gradientNorm: norm,
                learningRate: options.adapterRate * share, tokens: rows,
                tokensPerSecond: Double(rows) / max(elapsed, 1e-9)))
    }

    private var warmupSteps: Int { Int((Double(stepCount) * options.warmup).rounded()) }

    /// Items of a step: each epoch has an order of its own, which depends on the seed alone, so
    /// a run that goes on from a checkpoint meets the same steps.
    private func indices(ofStep step: Int) -> [Int] {
        let (epoch, place) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
        var order = Array(items.indices)
        var random = SplitMix64(seed: options.seed &+ UInt64(epoch) &* 0x9E37_79B9)
        random.shuffle(&order)
        let start = place * options.itemsPerStep
        return Array(order[start..<min(start + options.itemsPerStep, order.count)])
    }

    /// Items that go through the body together.
    private func parts(_ chosen: [Int]) -> [[Int]] {
        var parts: [[Int]] = []
        var rows = 0
        for index in chosen {
            if parts.isEmpty || rows + items[index].rows > options.rowsAtOnce {
                parts.append([])
                rows = 0
            }
            parts[parts.count - 1].append(index)
            rows += items[index].rows
        }
        return parts
    }

    // MARK: Best state and checkpoints

    private func judge(_ loss: Double, step: Int) {
        if loss < bestLoss {
            best = parameters.array
            bestLoss = loss
            bestStep = step
            evaluationsSinceBest = 0
        } else {
            evaluationsSinceBest += 1
        }
    }

    private func save(step: Int) throws {
        guard let checkpointPath else { return }
        try TrainingCheckpoint(
            identity: identity, step: step, parameters: parameters.array,
            firstMoment: optimizer.first.array, secondMoment: optimizer.second.array, best: best,
            bestLoss: bestLoss, bestStep: bestStep, evaluationsSinceBest: evaluationsSinceBest
        ).write(to: checkpointPath)
    }

    private func restore(from path: String) throws {
        let saved = try TrainingCheckpoint(
            contentsOf: path, identity: identity, count: parameters.count)
        guard saved.step <= stepCount else {
            throw TrainingError.invalidCheckpoint(path: path, reason: "its step is past the end")
        }
        parameters.assign(saved.parameters)
        optimizer.first.assign(saved.firstMoment)
        optimizer.second.assign(saved.secondMoment)
        optimizer.steps = saved.step
        best = saved.best
        bestLoss = saved.bestLoss
        bestStep = saved.bestStep
        evaluationsSinceBest = saved.evaluationsSinceBest
        startStep = saved.step
    }
}
