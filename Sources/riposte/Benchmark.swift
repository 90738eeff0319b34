import Engine
import Foundation
import LanguageModel

/// Measures a loaded model; every figure is the median of what was measured.
struct Benchmark {
    private struct Series {
        var values: [Double] = []

        var median: Double {
            let sorted = values.sorted()
            guard !sorted.isEmpty else { return .nan }
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
    }

    private let session: ModelSession
    private var random = SystemRandomNumberGenerator()
    private var prefill = Series()
    private var decode = Series()
    private var together: [Int: Series] = [:]
    private var deep: [Int: Series] = [:]
    /// By whether it is guessed.
    private var quoting: [Bool: Series] = [:]

    /// The most memory the process had when the last measurement ended, in bytes.
    private(set) var memory = 0

    init(session: ModelSession) { self.session = session }

    /// Touches every page of the weights and wakes the threads.
    mutating func warmUp(tokens: Int) throws {
        _ = try run(randomTokens(tokens), candidates: 1, tokens: 2)
    }

    /// Reads a prompt of random tokens, which no cache holds.
    mutating func measurePrefill(_ tokens: Int) throws {
        let timings = try run(randomTokens(tokens), candidates: 1, tokens: 1)
        prefill.values.append(Double(timings.prefillTokens) / timings.prefillSeconds)
    }

    mutating func measureDecode(_ tokens: Int) throws {
        decode.values.append(try decodeRate(prompt: 1, candidates: 1, tokens: tokens))
    }

    /// The rate over all candidates, after a prompt that they share.
    mutating func measureCandidates(_ count: Int, tokens: Int, shared: Int) throws {
        together[count, default: Series()].values.append(
            try decodeRate(prompt: shared, candidates: count, tokens: tokens))
    }

    mutating func measureDepth(_ depth: Int, tokens: Int) throws {
        deep[depth, default: Series()].values.append(
            try decodeRate(prompt: max(1, depth), candidates: 1, tokens: tokens))
    }

    /// Writes a passage again that the prompt has four times, with guesses and without. Random
    /// tokens: a model repeats them from the prompt or not at all.
    mutating func measureQuoting(_ tokens: Int, prompt length: Int) throws {
        let passage = randomTokens(max(1, length / 4))
        let prompt = (0..<length).map { passage[$0 % passage.count] }
        for speculates in [true, false] {
            quoting[speculates, default: Series()].values.append(
                try decodeRate(
                    prompt, candidates: 1, tokens: tokens, temperature: 0, speculates: speculates))
        }
    }

    /// Tokens a second, over all candidates. The first token of each is sampled from what the
    /// prompt left, without a forward pass of its own, and so is not counted.
    private mutating func decodeRate(prompt: Int, candidates: Int, tokens: Int) throws -> Double {
        try decodeRate(randomTokens(prompt), candidates: candidates, tokens: tokens)
    }

    private func decodeRate(
        _ prompt: [TokenID], candidates: Int, tokens: Int, temperature: Float = 0.8,
        speculates: Bool = false
    ) throws -> Double {
        let timings = try run(
            prompt, candidates: candidates, tokens: tokens + 1, temperature: temperature,
            speculates: speculates)
        return Double(timings.decodeTokens - candidates) / timings.decodeSeconds
    }

    /// Remembers the peak before the machine's limits are measured, which takes memory itself.
    mutating func noteMemory() { memory = PeakMemory.bytes }

    private func run(
        _ prompt: [TokenID], candidates: Int, tokens: Int, temperature: Float = 0.8,
        speculates: Bool = false
    ) throws -> GenerationTimings {
        var sampling = SamplingOptions()
        sampling.temperature = temperature
        // Each run finds what the one before found: nothing read, and its memory again.
        session.generator.clearCache()
        // No reply ends early, so that all runs do the same work.
        sampling.minTokens = tokens
        let request = GenerationRequest(
            prompt: prompt,
            candidates: (0..<candidates).map { .init(seed: UInt64($0) + 1, sampling: sampling) },
            maxTokens: tokens, speculates: speculates)
        var timings = GenerationTimings()
        _ = try session.generator.generate(request, control: GenerationControl()) { event in
            if case .finished(let measured) = event { timings = measured }
        }
        return timings
    }

    private mutating func randomTokens(_ count: Int) -> [TokenID] {
        let ends = session.loaded.tokenizer?.specialTokens.endOfGeneration ?? []
        let size = TokenID(session.loaded.info.vocabularySize)
        return (0..<count).map { _ in
            var id = TokenID.random(in: 0..<size, using: &random)
            while ends.contains(id) { id = TokenID.random(in: 0..<size, using: &random) }
            return id
        }
    }

    func report(counts: [Int], depths: [Int], model: Model) -> BenchmarkReport {
        let limits = MachineLimits.measure(for: model)
        let perPromptToken = Double(model.cost.layerOperations)
        return BenchmarkReport(
            model: model.info.name, quantization: model.info.quantization,
            kernels: model.kernelName, threads: model.threadCount,
            loadSeconds: session.loadSeconds, prefill: prefill.median, decode: decode.median,
            together: counts.map { ($0, together[$0]?.median ?? .nan) },
            depths: depths.map { ($0, deep[$0]?.median ?? .nan) },
            quoting: quoting[true]?.median ?? .nan,
            quotingUnguessed: quoting[false]?.median ?? .nan,
            peakMemory: memory, limits: limits, cost: model.cost,
            prefillShare: prefill.median * perPromptToken / limits.promptOperationsPerSecond,
            decodeShare: decode.median * Double(model.cost.bytesPerToken)
                / limits.readBytesPerSecond)
    }
}

struct BenchmarkReport {
    var model: String
    var quantization: String
    var kernels: String
    var threads: Int
    var loadSeconds: Double
    /// Tokens a second.
    var prefill: Double
    var decode: Double
    var together: [(count: Int, rate: Double)]
    var depths: [(depth: Int, rate: Double)]
    /// Where the reply repeats the prompt: with guesses and without.
    var quoting: Double
    var quotingUnguessed: Double
    /// Most memory the process ever had, in bytes.
    var peakMemory: Int
    var limits: MachineLimits
    var cost: Model.Cost
    /// Parts of what the machine could do at most.
    var prefillShare: Double
    var decodeShare: Double

    var json: JSON {
        .object([
            ("load_s", .double(loadSeconds)), ("prefill_tps", .double(prefill)),
            ("decode_tps", .double(decode)),
            (
                "batched",
                .array(
                    together.map { .object([("n", .int($0.count)), ("tps", .double($0.rate))]) })
            ),
            (
                "depths",
                .array(
                    depths.map {
                        .object([("depth", .int($0.depth)), ("decode_tps", .double($0.rate))])
                    })
            ),
            (
                "quoting",
                .object([("tps", .double(quoting)), ("unguessed_tps", .double(quotingUnguessed))])
            ),
            ("peak_rss_bytes", .int(peakMemory)),
            ("read_gbps", .double(limits.readBytesPerSecond / 1e9)),
            (
                "limits",
                .object([
                    ("read_gbps", .double(limits.readBytesPerSecond / 1e9)),
                    ("int8_gops", .double(limits.int8OperationsPerSecond / 1e9)),
                    (
                        "bf16_gops",
                        limits.bf16OperationsPerSecond.map { .double($0 / 1e9) } ?? .null
                    ),
                    ("bytes_per_token", .int(cost.bytesPerToken)),
                    ("operations_per_prompt_token", .int(cost.layerOperations)),
                    ("prefill_share", .double(prefillShare)),
                    ("decode_share", .double(decodeShare)),
                ])
            ),
        ])
    }

    func text(prompt: Int, generate: Int, shared: Int) -> String {
        var table = TextTable(["", "", "of the limit"], right: [1, 2])
        func rate(_ value: Double) -> String { "\(decimals(value, value < 100 ? 1 : 0)) tokens/s" }
        func share(_ value: Double) -> String { "\(Int((value * 100).rounded())) %" }
        table.add(["load", "\(decimals(loadSeconds, 3)) s", ""])
        table.add(["prefill of \(prompt)", rate(prefill), share(prefillShare)])
        table.add(["decode of \(generate)", rate(decode), share(decodeShare)])
        for (count, value) in together {
            table.add([
                "\(count) candidate\(count == 1 ? "" : "s") after \(shared) shared", rate(value),
                "",
            ])
        }
        for (depth, value) in depths { table.add(["decode after \(depth)", rate(value), ""]) }
        table.add(["quoting the prompt", rate(quoting), ""])
        table.add(["the same without guesses", rate(quotingUnguessed), ""])
        table.add(["peak memory", byteText(peakMemory), ""])
        return "\(model), \(quantization), \(kernels), \(threads) threads\n" + table.text + """
            The limit of decode is reading \(decimals(limits.readBytesPerSecond / 1e9, 1)) GB/s \
            (\(byteText(cost.bytesPerToken)) a token), that of prefill \
            \(decimals(limits.promptOperationsPerSecond / 1e9, 0)) GOP/s in \
            \(limits.bf16OperationsPerSecond == nil ? "int8" : "bf16") \
            (\(decimals(Double(cost.layerOperations) / 1e9, 2)) GOP a token).

            """
    }
}
