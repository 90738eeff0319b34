import Engine
import Foundation
import LanguageModel

/// An adapter as Hugging Face PEFT stores it: a folder with `adapter_config.json` and
/// `adapter_model.safetensors`, keys as `base_model.model.model.layers.0.self_attn.q_proj.
/// lora_A.weight`; a `SEQ_CLS` adapter also has `base_model.model.score.weight`.
public struct PEFTAdapter: Sendable {
    public enum Task: String, Sendable {
        case sequenceClassification = "SEQ_CLS"
        case causalLanguageModel = "CAUSAL_LM"
    }

    public static let configName = "adapter_config.json"
    public static let weightsName = "adapter_model.safetensors"
    static let prefix = "base_model.model."
    static let headKey = "base_model.model.score.weight"

    public var task: Task
    public var rank: Int
    public var alpha: Float
    /// √rank instead of rank divides alpha (Kalajdzievski 2023, arXiv 2312.03732).
    public var usesRankStabilization = false
    public var baseModel: String?
    /// A [rank, inputs] and B [outputs, rank] by module, in PEFT's names and row order.
    public var tensors: [String: SafetensorsFile.Entry]
    /// [labels, width].
    public var head: SafetensorsFile.Entry?
    public var metadata: [String: String] = [:]

    // MARK: Reading

    /// - Throws: ``TrainingError/invalidAdapter(path:reason:)``, also for kinds of adapters
    ///   other than plain LoRA.
    public init(folder: String) throws {
        let configPath = folder + "/" + Self.configName
        func fail(_ reason: String) -> TrainingError {
            .invalidAdapter(path: folder, reason: reason)
        }
        guard let data = FileManager.default.contents(atPath: configPath) else {
            throw fail("it has no \(Self.configName)")
        }
        let config: Config
        do { config = try JSONDecoder().decode(Config.self, from: data) } catch {
            throw fail("its \(Self.configName) lacks peft_type, r or lora_alpha")
        }
        guard config.peft_type == "LORA" else {
            throw fail("its peft_type is \(config.peft_type), and only LORA is read")
        }
        guard (1...4096).contains(config.r) else { throw fail("its rank is \(config.r)") }
        if config.use_dora == true { throw fail("it uses DoRA, which is not read") }
        if config.rank_pattern?.isEmpty == false || config.alpha_pattern?.isEmpty == false {
            throw fail("its modules differ in rank or alpha, which is not read")
        }
        if let bias = config.bias, bias != "none" {
            throw fail("it trains biases, which are not read")
        }
        let file = try SafetensorsFile(contentsOf: folder + "/" + Self.weightsName)
        task = config.task_type.flatMap(Task.init) ?? .causalLanguageModel
        rank = config.r
        alpha = config.lora_alpha
        usesRankStabilization = config.use_rslora ?? false
        baseModel = config.base_model_name_or_path
        let headKeys = Set(file.tensors.keys.filter(Self.isHeadKey))
        head = headKeys.sorted().first { !$0.contains("original_module") }
            .flatMap { file.tensors[$0] }
        tensors = file.tensors.filter { !headKeys.contains($0.key) }
        metadata = file.metadata
        for (name, entry) in file.tensors where !entry.values.allSatisfy(\.isFinite) {
            throw fail("tensor \(name) has a number that is not finite")
        }
    }

    /// `base_model.model.score.weight`, and with what versions of PEFT put between: the name of
    /// the adapter and `modules_to_save`.
    private static func isHeadKey(_ key: String) -> Bool {
        key.hasSuffix(".weight") && !key.contains(".lora_")
            && key.split(separator: ".").contains("score")
    }

    private struct Config: Decodable {
        var peft_type: String
        var r: Int
        var lora_alpha: Float
        var task_type: String?
        var bias: String?
        var use_dora: Bool?
        var use_rslora: Bool?
        var rank_pattern: [String: Int]?
        var alpha_pattern: [String: Float]?
        var base_model_name_or_path: String?
    }

    // MARK: Writing

    /// Writes the folder; `adapter_config.json` last, so that a folder which has it is whole.
    public func write(folder: String) throws {
        try AtomicFile.makeFolder(folder)
        var all = tensors
        if let head { all[Self.headKey] = head }
        try SafetensorsFile(
            tensors: all, metadata: metadata.merging(["format": "pt"]) { a, _ in a }
        )
        .write(to: folder + "/" + Self.weightsName)
        let modules = Set(
            tensors.keys.compactMap { key in
                AdapterLayout.Module.allCases.first { key.contains(".\($0.rawValue).") }?.rawValue
            }
        ).sorted()
        var config: [String: JSONText] = [
            "peft_type": .text("LORA"), "task_type": .text(task.rawValue), "r": .number(rank),
            "lora_alpha": .real(alpha), "lora_dropout": .real(0), "bias": .text("none"),
            "target_modules": .list(modules), "inference_mode": .flag(true),
            "fan_in_fan_out": .flag(false), "use_rslora": .flag(usesRankStabilization),
            "init_lora_weights": .flag(true),
            "base_model_name_or_path": baseModel.map { .text($0) } ?? .none,
        ]
        if task == .sequenceClassification {
            config["modules_to_save"] = .list(["classifier", "score"])
        }
        try AtomicFile.write(json: config, to: folder + "/" + Self.configName)
    }

    private enum JSONText: Encodable {
        case text(String)
        case number(Int)
        case real(Float)
        case flag(Bool)
        case list([String])
        case none

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .real(let value): try container.encode(value)
            case .flag(let value): try container.encode(value)
            case .list(let value): try container.encode(value)
            case .none: try container.encodeNil()
            }
        }
    }
}

// MARK: Between PEFT and the flat parameters of a pass

extension PEFTAdapter {
    public init(
        layout: AdapterLayout, body: FrozenBody, parameters: [Float], task: Task,
        baseModel: String? = nil
    ) {
        precondition(parameters.count == layout.count, "parameters fit their layout")
        self.task = task
        self.baseModel = baseModel
        rank = layout.rank
        alpha = layout.alpha
        tensors = [:]
        let rank = layout.rank
        for (index, groups) in layout.layers.enumerated() where rank > 0 {
            for group in groups {
                for (m, module) in group.modules.enumerated() {
                    let a = group.aOffset + m * rank * group.inputs
                    tensors[Self.key(index, module, "A")] = .init(
                        shape: [rank, group.inputs],
                        values: Array(parameters[a..<a + rank * group.inputs]))
                    let outputs = group.outputs[m]
                    let rows = body.rowOrder(module, layer: index)
                    var b = [Float](repeating: 0, count: outputs * rank)
                    for row in 0..<outputs {
                        for k in 0..<rank {
                            b[rows[row] * rank + k] =
                                parameters[group.bOffsets[m] + k * outputs + row]
                        }
                    }
                    tensors[Self.key(index, module, "B")] = .init(
                        shape: [outputs, rank], values: b)
                }
            }
        }
        if layout.headRows > 0 {
            head = .init(
                shape: [layout.headRows, layout.headWidth],
                values: Array(parameters[layout.headOffset...]))
        }
    }

    /// The flat parameters of a layout; modules that the adapter leaves out get zeros.
    ///
    /// - Parameter path: names the adapter in errors.
    public func parameters(_ layout: AdapterLayout, body: FrozenBody, path: String) throws
        -> [Float]
    {
        func fail(_ reason: String) -> TrainingError {
            .invalidAdapter(path: path, reason: reason)
        }
        var parameters = [Float](repeating: 0, count: layout.count)
        var left = Set(tensors.keys)
        for (index, groups) in layout.layers.enumerated() {
            for group in groups {
                for (m, module) in group.modules.enumerated() {
                    let outputs = group.outputs[m]
                    let keyA = Self.key(index, module, "A")
                    let keyB = Self.key(index, module, "B")
                    guard let a = tensors[keyA], let b = tensors[keyB] else { continue }
                    left.subtract([keyA, keyB])
                    guard a.shape == [rank, group.inputs], b.shape == [outputs, rank] else {
                        throw fail("\(keyA) and its B do not fit the base model")
                    }
                    let start = group.aOffset + m * rank * group.inputs
                    for k in a.values.indices { parameters[start + k] = a.values[k] }
                    let rows = body.rowOrder(module, layer: index)
                    for row in 0..<outputs {
                        for k in 0..<rank {
                            parameters[group.bOffsets[m] + k * outputs + row] =
                                b.values[rows[row] * rank + k]
                        }
                    }
                }
            }
        }
        if let stray = left.sorted().first {
            throw fail("tensor \(stray) has no place in the base model")
        }
        guard tensors.isEmpty == (layout.rank == 0) || layout.rank == rank else {
            throw fail("its rank is \(rank), not \(layout.rank)")
        }
        if layout.headRows > 0 {
            guard let head else { throw fail("it has no \(Self.headKey)") }
            guard head.shape == [layout.headRows, layout.headWidth] else {
                throw fail("its head does not fit the base model")
            }
            for k in head.values.indices { parameters[layout.headOffset + k] = head.values[k] }
        }
        return parameters
    }

    /// Layout and parameters over a body.
    ///
    /// - Parameter path: names the adapter in errors.
    public func opened(over body: FrozenBody, headRows: Int, path: String) throws
        -> (layout: AdapterLayout, parameters: [Float])
    {
        let layout = AdapterLayout(
            body: body, rank: rank, alpha: scale * Float(rank), headRows: headRows)
        return (layout, try parameters(layout, body: body, path: path))
    }

    /// What divides into the product B A: α/r, or α/√r.
    public var scale: Float {
        alpha / (usesRankStabilization ? Float(rank).squareRoot() : Float(rank))
    }

    private static func key(_ layer: Int, _ module: AdapterLayout.Module, _ half: String) -> String
    {
        "\(prefix)model.layers.\(layer).\(module.parent).\(module.rawValue).lora_\(half).weight"
    }
}

extension FrozenBody {
    /// For each output row of a map the row that transformers has it at. `llama` GGUF files keep
    /// q and k permuted so that rotated pairs lie side by side: row 2i of a head was row i, row
    /// 2i + 1 row i + half.
    func rowOrder(_ module: AdapterLayout.Module, layer index: Int) -> [Int] {
        let layer = layers[index]
        let outputs = layer.matrix(module).outputs
        guard module == .query || module == .key, let rope = layer.rope,
            architecture.ropes[rope].pairing == .interleaved
        else { return Array(0..<outputs) }
        let size = architecture.headSize
        let half = architecture.ropes[rope].dimension / 2
        return (0..<outputs).map { row in
            let (head, place) = row.quotientAndRemainder(dividingBy: size)
            if place >= 2 * half { return row }
            return head * size + place / 2 + (place % 2) * half
        }
    }
}
