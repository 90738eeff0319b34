import CKernels
import Foundation
import LanguageModel
import Testing

@testable import Training

/// What Tests/Scripts/tiny_reward_models.py wrote for one family.
struct TinyRewardModel {
    struct Expected: Decodable {
        struct Example: Decodable {
            var prompt: [TokenID]
            var replies: [[TokenID]]
            var ranks: [Int]
        }
        struct Settings: Decodable {
            var rank: Int
            var alpha: Float
            var adapter_rate: Float
            var head_rate: Float
            var warmup: Int
            var steps: Int
            var clip: Float
            var decay: Float
            var floor: Float
        }
        var settings: Settings
        var examples: [Example]
        var base_scores: [[Double]]
        var scores: [[Double]]
        var losses: [Double]
    }

    static let families = ["llama", "qwen2", "qwen3", "gemma2"]

    let folder: String
    let expected: Expected
    let body: FrozenBody
    let adapter: PEFTAdapter
    let layout: AdapterLayout

    init(_ family: String) throws {
        let url = try #require(
            Bundle.module.url(forResource: "Goldens/reward/\(family)", withExtension: nil))
        folder = url.path
        expected = try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: url.appendingPathComponent("expected.json")))
        let files = try ModelFiles.open(path: folder)
        body = try FrozenBody(architecture: files.architecture, weights: files.weights)
        adapter = try PEFTAdapter(folder: folder + "/adapter")
        layout = AdapterLayout(body: body, rank: adapter.rank, alpha: adapter.alpha, headRows: 1)
    }

    var batch: TreeBatch {
        var batch = TreeBatch()
        for example in expected.examples {
            batch.append(prompt: example.prompt, replies: example.replies)
        }
        return batch
    }

    func parameters() throws -> FloatBuffer {
        FloatBuffer(try adapter.parameters(layout, body: body, path: folder))
    }
}

struct TrainingPassTests {
    @Test(arguments: TinyRewardModel.families)
    func scoresEqualThoseOfPEFT(family: String) throws {
        let tiny = try TinyRewardModel(family)
        let pass = RewardPass(body: tiny.body, layout: tiny.layout, threads: 2)
        let found = pass.scores(tiny.batch, parameters: try tiny.parameters()).map { $0[0] }
        for (a, b) in zip(found, tiny.expected.scores.joined()) {
            #expect(abs(Double(a) - b) < 1e-4)
        }
    }

    @Test(arguments: TinyRewardModel.families)
    func gradientsEqualThoseOfPyTorch(family: String) throws {
        let tiny = try TinyRewardModel(family)
        let gradient = try gradient(tiny, parameters: try tiny.parameters())
        let found = PEFTAdapter(
            layout: tiny.layout, body: tiny.body, parameters: gradient.array,
            task: .sequenceClassification)
        let expected = try SafetensorsFile(contentsOf: tiny.folder + "/gradient.safetensors")
        var all = found.tensors
        all[PEFTAdapter.headKey] = found.head
        #expect(Set(all.keys) == Set(expected.tensors.keys))
        for (name, golden) in expected.tensors {
            let values = try #require(all[name]).values
            let size = golden.values.map(abs).max()!
            let worst = zip(values, golden.values).map { abs($0 - $1) }.max()!
            #expect(worst < 2e-4 * size + 1e-7, "\(name): \(worst) of \(size)")
        }
    }

    /// Without any other implementation: central differences along random directions.
    @Test(arguments: TinyRewardModel.families)
    func gradientsEqualFiniteDifferences(family: String) throws {
        let tiny = try TinyRewardModel(family)
        let start = try tiny.parameters().array
        let gradient = try gradient(tiny, parameters: FloatBuffer(start)).array
        var random = SplitMix64(seed: 3)
        for group in tiny.layout.layers.joined() {
            for offset in [group.aOffset] + group.bOffsets {
                let count =
                    offset == group.aOffset
                    ? group.modules.count * tiny.layout.rank * group.inputs
                    : tiny.layout.rank * group.outputs[group.bOffsets.firstIndex(of: offset)!]
                try expectSlope(
                    tiny, start, gradient, range: offset..<offset + count, &random)
            }
        }
        try expectSlope(
            tiny, start, gradient, range: tiny.layout.headOffset..<tiny.layout.count, &random)
    }

    private func expectSlope(
        _ tiny: TinyRewardModel, _ start: [Float], _ gradient: [Float], range: Range<Int>,
        _ random: inout SplitMix64
    ) throws {
        let direction = range.map { _ in Float(random.normal()) }
        let step: Float = 3e-3
        func loss(_ sign: Float) throws -> Double {
            var moved = start
            for (k, d) in zip(range, direction) { moved[k] += sign * step * d }
            return try self.loss(tiny, parameters: FloatBuffer(moved))
        }
        let slope = (try loss(1) - (try loss(-1))) / Double(2 * step)
        let expected = zip(range, direction).reduce(0.0) {
            $0 + Double(gradient[$1.0]) * Double($1.1)
        }
        #expect(abs(slope - expected) < 0.01 * abs(expected) + 1e-3, "parameters \(range)")
    }

    @Test func promptReadOnceGivesWhatEachReplyAloneGives() throws {
        let tiny = try TinyRewardModel("llama")
        let parameters = try tiny.parameters()
        let pass = RewardPass(body: tiny.body, layout: tiny.layout, threads: 1)
        let together = pass.scores(tiny.batch, parameters: parameters).map { $0[0] }
        var alone: [Float] = []
        for example in tiny.expected.examples {
            for reply in example.replies {
                var batch = TreeBatch()
                batch.append(prompt: [], replies: [example.prompt + reply])
                alone.append(pass.scores(batch, parameters: parameters)[0][0])
            }
        }
        for (a, b) in zip(together, alone) { #expect(abs(a - b) < 1e-5) }
    }

    @Test func adapterWithZeroBIsTheBaseBitForBit() throws {
        let tiny = try TinyRewardModel("qwen2")
        let bare = AdapterLayout(body: tiny.body, rank: 0, alpha: 1, headRows: 1)
        var head = tiny.layout.initialParameters(seed: 1)
        let expected = RewardPass(body: tiny.body, layout: bare).scores(
            tiny.batch, parameters: FloatBuffer(Array(head[tiny.layout.headOffset...])))
        let found = RewardPass(body: tiny.body, layout: tiny.layout).scores(
            tiny.batch, parameters: FloatBuffer(head))
        #expect(found == expected)
        head[tiny.layout.layers[0][0].bOffsets[0]] = 0.5
        let changed = RewardPass(body: tiny.body, layout: tiny.layout).scores(
            tiny.batch, parameters: FloatBuffer(head))
        #expect(changed != expected)
    }

    @Test func adapterFileOfPEFTSurvivesReadingAndWriting() throws {
        let tiny = try TinyRewardModel("qwen3")
        let folder = NSTemporaryDirectory() + "riposte-adapter-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let parameters = try tiny.parameters().array
        try PEFTAdapter(
            layout: tiny.layout, body: tiny.body, parameters: parameters,
            task: .sequenceClassification
        ).write(folder: folder)
        let read = try PEFTAdapter(folder: folder)
        #expect(read.tensors == tiny.adapter.tensors)
        #expect(read.head == tiny.adapter.head)
        #expect(try read.parameters(tiny.layout, body: tiny.body, path: folder) == parameters)
    }

    // MARK: The loss of the script: mean over prompts of the mean over ordered pairs

    private func gradient(_ tiny: TinyRewardModel, parameters: FloatBuffer) throws -> FloatBuffer {
        let gradient = FloatBuffer(count: tiny.layout.count)
        RewardPass(body: tiny.body, layout: tiny.layout, threads: 2).accumulate(
            tiny.batch, parameters: parameters, gradient: gradient
        ) { scores in Self.lossAndSlopes(tiny, scores.map { Double($0[0]) }).slopes }
        return gradient
    }

    private func loss(_ tiny: TinyRewardModel, parameters: FloatBuffer) throws -> Double {
        let scores = RewardPass(body: tiny.body, layout: tiny.layout, threads: 2).scores(
            tiny.batch, parameters: parameters)
        return Self.lossAndSlopes(tiny, scores.map { Double($0[0]) }).loss
    }

    static func lossAndSlopes(_ tiny: TinyRewardModel, _ scores: [Double]) -> (
        loss: Double, slopes: [[Float]]
    ) {
        var slopes = [Double](repeating: 0, count: scores.count)
        var loss = 0.0
        var row = 0
        for example in tiny.expected.examples {
            let pairs = RewardExample.judgements(ranks: example.ranks).filter { $0.target != 0.5 }
            for pair in pairs {
                let (better, worse) =
                    pair.target == 1 ? (pair.first, pair.second) : (pair.second, pair.first)
                let weight = 1 / Double(pairs.count * tiny.expected.examples.count)
                let margin = scores[row + better] - scores[row + worse]
                loss -= weight * logSigmoid(margin)
                slopes[row + better] -= weight * sigmoid(-margin)
                slopes[row + worse] += weight * sigmoid(-margin)
            }
            row += example.replies.count
        }
        return (loss, slopes.map { [Float($0)] })
    }
}
