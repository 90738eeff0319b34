import Foundation
import JSON

/// A rotation as a file states it, before the frequencies are computed.
struct RopeSettings {
    var base: Double
    /// Share of a head that is rotated.
    var partial: Double?
    var dimension: Int?
    var scaling = RopeScaling.none
    var attentionFactor = 1.0
}

extension ModelSettings {
    /// The rotation of layers of a type (`full_attention`, `sliding_attention`) where they
    /// differ, or of all.
    func rope(
        layerType: String = "full_attention", defaultBase: Double = 10_000, context: Int,
        factors: (String) throws -> [Float]?
    ) throws -> RopeSettings {
        switch source {
        case .gguf: try ggufRope(defaultBase: defaultBase, context: context, factors: factors)
        case .json(let config, _):
            try jsonRope(config, layerType: layerType, defaultBase: defaultBase, context: context)
        }
    }

    private func positive(_ setting: Setting) throws -> Double? {
        guard let value = try double(setting) else { return nil }
        guard value > 0 else { throw failure(setting, "\(value) is not above 0") }
        return value
    }

    private func ggufRope(
        defaultBase: Double, context: Int, factors: (String) throws -> [Float]?
    ) throws -> RopeSettings {
        var rope = RopeSettings(base: try positive(.ropeBase) ?? defaultBase)
        rope.dimension = try int(.ropeDimension)
        let originalContext = try int(.originalContext) ?? context
        guard originalContext > 0 else { throw failure(.originalContext, "it is not above 0") }
        let factor = try positive(.ropeFactor) ?? positive(.linearRopeFactor) ?? 1
        rope.attentionFactor = try positive(.ropeAttentionFactor) ?? 1
        let type = try string(.ropeScaling) ?? (factor == 1 ? "none" : "linear")
        if let short = try factors("rope_factors_short.weight"),
            let long = try factors("rope_factors_long.weight")
        {
            rope.scaling = .long(short: short, long: long, originalContext: originalContext)
            return rope
        }
        switch type {
        case "none", "longrope": break
        case "linear": rope.scaling = .linear(factor: factor)
        case "yarn":
            let multiplier = try double(.yarnLogMultiplier)
            let natural = factor > 1 ? 0.1 * log(factor) + 1 : 1
            let divisor = factor > 1 ? 0.1 * (multiplier ?? 0) * log(factor) + 1 : 1
            rope.attentionFactor *= try positive(.yarnAttentionFactor) ?? natural / divisor
            rope.scaling = .yarn(
                factor: factor, betaFast: try positive(.yarnBetaFast) ?? 32,
                betaSlow: try positive(.yarnBetaSlow) ?? 1, originalContext: originalContext,
                truncates: true)
        default:
            throw LanguageModelError.unsupported(
                path: path, feature: "rope scaling \(type)", hint: "")
        }
        if rope.scaling == .none, let divisors = try factors("rope_freqs.weight") {
            rope.scaling = .divided(by: divisors)
        }
        return rope
    }

    private func jsonRope(
        _ config: JSONValue, layerType: String, defaultBase: Double, context: Int
    ) throws -> RopeSettings {
        // transformers 5 writes rope_parameters, older versions rope_theta and rope_scaling.
        let current = config["rope_parameters"].map { $0[layerType] ?? $0 }
        let parameters = current ?? config["rope_scaling"] ?? .null
        let name = current == nil ? "rope_scaling" : "rope_parameters"
        func failure(_ key: String, _ reason: String) -> LanguageModelError {
            .invalidFile(path: path, place: "key \(name).\(key)", reason: reason)
        }
        func number(_ key: String) throws -> Double? {
            guard let value = parameters[key], !value.isNull else { return nil }
            guard let number = value.double, number.isFinite, number > 0 else {
                throw failure(key, "it must be a number above 0")
            }
            return number
        }
        func required(_ key: String) throws -> Double {
            guard let value = try number(key) else { throw failure(key, "it is missing") }
            return value
        }
        func list(_ key: String) throws -> [Float] {
            let values = parameters[key]?.array?.compactMap(\.double) ?? []
            guard !values.isEmpty, values.count == parameters[key]?.array?.count,
                values.allSatisfy({ $0 > 0 && $0.isFinite })
            else { throw failure(key, "it must be a list of numbers above 0") }
            return values.map { Float($0) }
        }
        var rope = RopeSettings(
            base: try number("rope_theta") ?? positive(.ropeBase) ?? defaultBase)
        rope.partial = try number("partial_rotary_factor") ?? positive(.partialRope)
        rope.dimension = try int(.ropeDimension)
        var type = (parameters["rope_type"] ?? parameters["type"])?.string ?? "default"
        // Early Phi-3 files call LongRoPE by other names.
        if type == "su" || parameters["short_factor"]?.array != nil { type = "longrope" }
        func originalContext() throws -> Int {
            let value =
                try number("original_max_position_embeddings")
                ?? int(.originalContext).map { Double($0) } ?? Double(context)
            guard value >= 1, value < 1e12 else {
                throw failure("original_max_position_embeddings", "it must be a count of tokens")
            }
            return Int(value)
        }
        switch type {
        // Dynamic NTK changes nothing within the context the model was trained for.
        case "default", "none", "dynamic": break
        case "linear": rope.scaling = .linear(factor: try required("factor"))
        case "llama3":
            rope.scaling = .llama3(
                factor: try required("factor"), low: try required("low_freq_factor"),
                high: try required("high_freq_factor"), originalContext: try originalContext())
        case "yarn":
            let original = try originalContext()
            let factor = try number("factor") ?? Double(context) / Double(original)
            func mscale(_ scale: Double) -> Double {
                factor > 1 ? 0.1 * scale * log(factor) + 1 : 1
            }
            var natural = mscale(1)
            if let numerator = try number("mscale"), let divisor = try number("mscale_all_dim") {
                natural = mscale(numerator) / mscale(divisor)
            }
            rope.attentionFactor = try number("attention_factor") ?? natural
            rope.scaling = .yarn(
                factor: factor, betaFast: try number("beta_fast") ?? 32,
                betaSlow: try number("beta_slow") ?? 1, originalContext: original,
                truncates: parameters["truncate"]?.bool ?? true)
        case "longrope":
            let original = try originalContext()
            let factor = try number("factor") ?? Double(context) / Double(original)
            let natural = factor > 1 ? (1 + log(factor) / log(Double(original))).squareRoot() : 1
            rope.attentionFactor = try number("attention_factor") ?? natural
            rope.scaling = .long(
                short: try list("short_factor"), long: try list("long_factor"),
                originalContext: original)
        default:
            throw LanguageModelError.unsupported(
                path: path, feature: "rope scaling \(type)", hint: "")
        }
        return rope
    }
}
