import ArgumentParser
import Engine
import Foundation
import LanguageModel

extension KernelChoice: ExpressibleByArgument {}
extension KVCacheType: ExpressibleByArgument {}
extension LoadQuantization: ExpressibleByArgument {}

/// Which model, and how it runs.
struct ModelArguments: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A GGUF file, a Hugging Face folder, or a name of 'riposte models list'.",
            valueName: "path|name"))
    var model: String?

    @Option(help: "Threads; 0 is one a physical core.")
    var threads = 0

    @Option(help: "Which kernels compute the forward pass.")
    var kernels = KernelChoice.auto

    @Option(name: .customLong("cache"), help: "How keys and values are kept.")
    var cacheType = KVCacheType.float16

    @Option(
        name: .customLong("cache-memory"),
        help: ArgumentHelp(
            "Memory for the keys and values of what was read before; the least recently used go.",
            valueName: "MB"))
    var cacheMemory = ModelOptions().cacheBudget / 1_000_000

    @Option(help: "Quantise weights stored as floats while they are loaded.")
    var quantize: LoadQuantization?

    @Option(
        name: .customLong("context-length"),
        help: "Tokens of context at most; what the model was trained for by default.")
    var contextLength: Int?

    func validate() throws {
        guard (0...1024).contains(threads) else {
            throw ValidationError("--threads takes 0 to 1024")
        }
        guard (1...1_000_000).contains(cacheMemory) else {
            throw ValidationError("--cache-memory takes 1 to 1000000 megabytes")
        }
        if let contextLength, contextLength < 16 {
            throw ValidationError("--context-length takes 16 or more")
        }
    }

    var options: ModelOptions {
        var options = ModelOptions()
        options.threads = threads
        options.kernels = kernels
        options.cacheType = cacheType
        options.cacheBudget = cacheMemory * 1_000_000
        options.contextLength = contextLength
        options.quantization = quantize
        return options
    }

    /// File or folder of the model that was named, or of the one to use where none was.
    func path(in library: ModelLibrary) throws -> String {
        if let model { return try library.path(of: model) }
        if let path = library.defaultPath() { return path }
        throw EngineError.noModel
    }
}

/// How replies are sampled; what is absent is the template's, or the default.
struct SamplingArguments: ParsableArguments {
    @Option(help: "Seed of the first reply; the others' follow from it. Random by default.")
    var seed: UInt64?

    @Option(help: "Divides the logits; 0 always takes the most probable token.")
    var temperature: Float?

    @Option(name: .customLong("top-k"), help: "Keep the k most probable tokens; 0 keeps all.")
    var topK: Int?

    @Option(
        name: .customLong("top-p"), help: "Keep the most probable tokens up to p; 1 keeps all.")
    var topP: Float?

    @Option(
        name: .customLong("min-p"),
        help: "Drop tokens below this share of the best one's probability; 0 keeps all.")
    var minP: Float?

    @Option(help: "Make tokens already seen less probable; 1 changes nothing.")
    var repetitionPenalty: Float?

    @Option(
        name: .customLong("typical-p"),
        help: "Keep the tokens of typical surprise up to this probability; 1 keeps all.")
    var typicalP: Float?

    @Option(help: "Taken from a token's logit each time it was seen.")
    var frequencyPenalty: Float?

    @Option(help: "Taken from a token's logit once it was seen.") var presencePenalty: Float?

    @Option(help: "How many latest tokens the penalties look at; -1 all.")
    var repetitionWindow: Int?

    @Option(help: "Penalty on going on with a repeated sequence (DRY); 0 is off.")
    var dryMultiplier: Float?

    @Option(help: "How fast the DRY penalty grows with the sequence.") var dryBase: Float?

    @Option(help: "Longest repetition that DRY lets pass.") var dryAllowedLength: Int?

    @Option(help: "How often the top choices are left out (XTC); 0 is off.")
    var xtcProbability: Float?

    @Option(help: "From which probability a token is a top choice.") var xtcThreshold: Float?

    @Option(help: "Surprise in bits that mirostat 2 keeps the text near; 0 is off.")
    var mirostatTau: Float?

    @Option(help: "How fast mirostat learns.") var mirostatEta: Float?

    @Option(
        help: ArgumentHelp(
            "Added to the logit of a token id, -inf bans it; may be repeated.",
            valueName: "id=bias"))
    var logitBias: [String] = []

    @Option(name: .customLong("min-tokens"), help: "Tokens before which no reply ends.")
    var minTokens: Int?

    @Option(name: .customLong("max-tokens"), help: "Tokens a reply may have at most.")
    var maxTokens: Int?

    @Option(help: ArgumentHelp("A text that ends a reply; may be repeated.", valueName: "text"))
    var stop: [String] = []

    func validate() throws {
        let chosen = overrides
        func check<Value>(_ field: SettingOverrides.Field<Value>) throws {
            guard let value = chosen[keyPath: field.path], !field.range.contains(value) else {
                return
            }
            let option = field.name.replacingOccurrences(of: "_", with: "-")
            throw ValidationError(
                "--\(option) takes \(field.range.lowerBound) to \(field.range.upperBound)")
        }
        for field in SettingOverrides.numbers { try check(field) }
        for field in SettingOverrides.counts { try check(field) }
        for text in logitBias where Self.bias(text) == nil {
            throw ValidationError("--logit-bias takes ID=BIAS, not '\(text)'")
        }
        if stop.contains("") { throw ValidationError("--stop takes a text that is not empty") }
    }

    var overrides: SettingOverrides {
        var overrides = SettingOverrides()
        overrides.temperature = temperature
        overrides.topK = topK
        overrides.topP = topP
        overrides.minP = minP
        overrides.typicalP = typicalP
        overrides.frequencyPenalty = frequencyPenalty
        overrides.presencePenalty = presencePenalty
        overrides.repetitionWindow = repetitionWindow
        overrides.dryMultiplier = dryMultiplier
        overrides.dryBase = dryBase
        overrides.dryAllowedLength = dryAllowedLength
        overrides.xtcProbability = xtcProbability
        overrides.xtcThreshold = xtcThreshold
        overrides.mirostatTau = mirostatTau
        overrides.mirostatEta = mirostatEta
        overrides.minTokens = minTokens
        overrides.logitBias = logitBias.isEmpty ? nil : logitBias.compactMap(Self.bias)
        overrides.repetitionPenalty = repetitionPenalty
        overrides.maxTokens = maxTokens
        return overrides
    }

    private static func bias(_ text: String) -> SamplingOptions.LogitBias? {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let token = TokenID(parts[0]), token >= 0,
            let bias = Float(parts[1]), bias <= 10_000
        else { return nil }
        // A number that JSON can write, as records of replies keep it.
        return .init(token: token, bias: max(bias, -10_000))
    }

    /// The template's settings with those given here over them.
    func settings(for template: Template) -> GenerationSettings {
        var settings = GenerationSettings(template: template, overrides: overrides)
        settings.stop += stop.filter { !settings.stop.contains($0) }
        return settings
    }

    /// Seeds of so many replies. A random one has 53 bits, so that JSON readers keep it whole.
    func seeds(_ count: Int) -> [UInt64] {
        let first = seed ?? UInt64.random(in: 0..<(1 << 53))
        return (0..<UInt64(count)).map { first &+ $0 }
    }
}

/// What stands around the person's text.
struct TemplateArguments: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A template's name or file.", valueName: "name|path"))
    var template: String?

    @Option(
        name: .customLong("var"),
        help: ArgumentHelp(
            "A value of a template's variable; may be repeated.", valueName: "name=value"))
    var variables: [String] = []

    @Option(help: ArgumentHelp("System text, in place of the template's.", valueName: "text"))
    var system: String?

    func validate() throws {
        for variable in variables
        where variable.firstIndex(of: "=") ?? variable.startIndex == variable.startIndex {
            throw ValidationError("--var takes NAME=VALUE, not '\(variable)'")
        }
    }

    /// The template that was named, or `chat`, with the system text given here.
    func template(in library: TemplateLibrary) throws -> Template {
        var template = try library.template(self.template ?? "chat")
        if let system { template.system = system.isEmpty ? nil : system }
        return template
    }

    /// Values by variable name.
    var values: [String: String] {
        var values: [String: String] = [:]
        for variable in variables {
            let parts = variable.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0])] = String(parts[1])
        }
        return values
    }
}

/// The options that the chat and `ask` have in common.
struct CommonOptions: ParsableArguments {
    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Template") var template: TemplateArguments
    @OptionGroup(title: "Sampling") var sampling: SamplingArguments

    @Option(name: [.customShort("n"), .long], help: "Replies to sample, 1 to 64.")
    var candidates: Int?

    func validate() throws {
        if let candidates, !(1...64).contains(candidates) {
            throw ValidationError("--candidates takes 1 to 64")
        }
    }
}
