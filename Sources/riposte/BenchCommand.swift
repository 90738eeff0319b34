import ArgumentParser
import Engine
import Foundation
import LanguageModel

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure the speed of a model on this machine.",
        discussion: """
            Every figure is the median of the repeats. Prefill reads a prompt of random tokens; \
            decode samples after one token, the candidates after a shared prompt of 128 tokens, \
            all without guesses; quoting goes on with a prompt that repeats itself.
            """)

    @OptionGroup var model: ModelArguments
    @Option(help: "Tokens of the prompt that prefill reads.") var prompt = 512
    @Option(help: "Tokens that each candidate samples.") var generate = 128
    @Option(help: ArgumentHelp("Numbers of candidates, as 1,8.", valueName: "n,…"))
    var candidates = "1,8"
    @Option(help: "Tokens of the prompt that candidates share.") var shared = 128
    @Option(help: ArgumentHelp("Also decode after so many tokens, as 0,4000.", valueName: "n,…"))
    var depth: String?
    @Option(help: "How often everything is measured.") var repeats = 5
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard prompt >= 1, generate >= 1, shared >= 1, repeats >= 1 else {
            throw ValidationError("--prompt, --generate, --shared and --repeats take 1 or more")
        }
        let counts = try Self.numbers(candidates, option: "--candidates")
        guard counts.allSatisfy({ (1...64).contains($0) }) else {
            throw ValidationError("--candidates takes numbers from 1 to 64")
        }
        _ = try depth.map { try Self.numbers($0, option: "--depth") }
    }

    func run() throws {
        let counts = try Self.numbers(candidates, option: "--candidates")
        let depths = try depth.map { try Self.numbers($0, option: "--depth") } ?? []
        let session = try ModelSession(model)
        let longest = max(prompt, shared + generate, (depths.max() ?? 0) + generate + 1)
        guard longest <= session.loaded.contextLength else {
            throw Failure(
                "The measurement needs \(longest) tokens of context and the model has "
                    + "\(session.loaded.contextLength); ask for fewer with --prompt, --generate "
                    + "or --depth.")
        }
        var bench = Benchmark(session: session)
        try bench.warmUp(tokens: min(prompt, 64))
        for _ in 0..<repeats {
            try bench.measurePrefill(prompt)
            try bench.measureDecode(generate)
            for count in counts {
                try bench.measureCandidates(count, tokens: generate, shared: shared)
            }
            for depth in depths { try bench.measureDepth(depth, tokens: generate) }
            try bench.measureQuoting(generate, prompt: shared)
        }
        bench.noteMemory()
        guard let model = session.loaded.model else { throw EngineError.noModel }
        let report = bench.report(counts: counts, depths: depths, model: model)
        if json {
            StandardOutput.json(report.json)
        } else {
            StandardOutput.write(report.text(prompt: prompt, generate: generate, shared: shared))
        }
    }

    private static func numbers(_ list: String, option: String) throws -> [Int] {
        let numbers = list.split(separator: ",").compactMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        guard !numbers.isEmpty, numbers.count == list.split(separator: ",").count,
            numbers.allSatisfy({ $0 >= 0 })
        else { throw ValidationError("\(option) takes numbers such as 1,8, not '\(list)'") }
        return numbers
    }
}
