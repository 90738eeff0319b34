import CKernels
import Foundation
import Synchronization

/// Which kernels compute the forward pass.
public enum KernelChoice: String, Sendable, CaseIterable {
    /// The fastest this processor has.
    case auto
    /// Plain C over float32, the yardstick of all others.
    case reference
    case avx2
    /// ``avx2``, with integers multiplied four bytes at a time.
    case avxVNNI = "avxvnni"
    case avx512
    /// ``avx512``, with prompts read by matrix tiles in bf16.
    case amx
    case neon

    /// Nil where this processor has them not.
    var table: UnsafePointer<rk_kernels>? {
        switch self {
        case .auto: rk_kernels_get(RK_KERNELS_AUTO)
        case .reference: rk_kernels_get(RK_KERNELS_REFERENCE)
        case .avx2: rk_kernels_get(RK_KERNELS_AVX2)
        case .avxVNNI: rk_kernels_get(RK_KERNELS_AVX_VNNI)
        case .avx512: rk_kernels_get(RK_KERNELS_AVX512)
        case .amx: rk_kernels_get(RK_KERNELS_AMX)
        case .neon: rk_kernels_get(RK_KERNELS_NEON)
        }
    }
}

/// How keys and values are kept.
public enum KVCacheType: String, Sendable, CaseIterable {
    case float16 = "f16"
    case int8 = "q8"
}

/// What float weights may be quantised to at load.
public enum LoadQuantization: String, Sendable, CaseIterable {
    case q8_0
    /// Embeddings and output head take Q8_0.
    case q4_1

    var type: TensorType { self == .q8_0 ? .q8_0 : .q4_1 }
}

public struct ModelOptions: Sendable {
    public var kernels: KernelChoice = .auto
    /// Threads of the kernel team; 0 is one a physical core.
    public var threads: Int = 0
    /// Tokens of context to use at most; nil is what the model was trained for.
    public var contextLength: Int?
    public var cacheType: KVCacheType = .float16
    /// Quantises float weights when they are loaded; nil leaves them.
    public var quantization: LoadQuantization?
    /// Bytes the key-value cache may take over all kept prefixes.
    public var cacheBudget: Int = 1_000_000_000

    public init() {}
}

/// What a person wants to know about a model.
public struct ModelInfo: Sendable, Equatable, Codable {
    public var name: String
    public var path: String
    public var architecture: String
    public var parameterCount: Int
    public var quantization: String
    public var fileBytes: Int
    public var layerCount: Int
    public var embeddingWidth: Int
    public var vocabularySize: Int
    /// Tokens the model was trained for.
    public var contextLength: Int
    public var license: String?
    /// SHA-256 over the metadata and a sample of the tensors: stays the same for the same
    /// weights, wherever the file lies.
    public var fingerprint: String
}

/// A loaded model: weights, tokenizer and chat template. Immutable; any number of
/// ``Generator`` may use one, from one thread at a time.
public final class Model: Sendable {
    public let info: ModelInfo
    /// Tokens of context in use: the model's own or less.
    public let contextLength: Int
    /// Nil where the file has none; ids still work.
    public let tokenizer: (any Tokenizer)?
    /// The model's own chat template text.
    public let chatTemplateSource: String?
    public let architecture: Architecture
    let plan: ForwardPlan
    let options: ModelOptions

    /// Name of the kernels in use, such as `avx512`.
    public var kernelName: String { String(cString: plan.kernels.pointee.name) }
    public var threadCount: Int { plan.team.size }
    public var vocabularySize: Int { architecture.vocabularySize }
    /// What the machine must do for one decoded token, to compare with what it can do.
    public var cost: Cost {
        Cost(
            bytesPerToken: plan.bytesPerToken, layerOperations: 2 * plan.layerWeights,
            headOperations: 2 * plan.headWeights)
    }

    public struct Cost: Sendable, Equatable {
        /// Bytes of weights read for a token decoded alone.
        public var bytesPerToken: Int
        /// Multiplications and additions of the matrices in the blocks, and in the head.
        public var layerOperations: Int
        public var headOperations: Int
    }

    /// Loads a GGUF file or a Hugging Face folder. `progress` gets shares from 0 to 1.
    public static func load(
        path: String, options: ModelOptions = ModelOptions(),
        progress: (@Sendable (Double) -> Void)? = nil
    ) throws -> Model {
        let kernels = try kernels(options.kernels)
        var files = try ModelFiles.open(path: path)
        if let quantization = options.quantization { files.quantize(as: quantization.type) }
        let team = try ThreadTeam(threads: options.threads)
        let isReference = !kernels.pointee.packed
        // The tokenizer is built by one thread while the weights are packed by all.
        let tokenizer = Mutex<Result<(any Tokenizer)?, any Error>>(.success(nil))
        let reading = DispatchGroup()
        DispatchQueue.global(qos: .userInitiated).async(group: reading) { [files] in
            let result = Result { try files.tokenizerSource.tokenizer() }
            tokenizer.withLock { $0 = result }
        }
        var packer = WeightPacker(
            architecture: files.architecture, weights: files.weights, kernels: kernels,
            team: team, cacheType: isReference ? nil : options.cacheType,
            releasePages: { [files] in files.releasePages() })
        let plan = try packer.pack(storage: files.weights, progress: progress)
        reading.wait()
        return Model(
            files: files, options: options, tokenizer: try tokenizer.withLock { try $0.get() },
            plan: plan)
    }

    private static func kernels(_ choice: KernelChoice) throws -> UnsafePointer<rk_kernels> {
        guard let kernels = choice.table else {
            throw LanguageModelError.invalidRequest(
                "This processor has no \(choice.rawValue) kernels; use --kernels auto")
        }
        return kernels
    }

    private init(
        files: ModelFiles, options: ModelOptions, tokenizer: (any Tokenizer)?, plan: ForwardPlan
    ) {
        info = files.info
        architecture = files.architecture
        let trained = files.architecture.contextLength
        contextLength = min(trained, max(1, options.contextLength ?? trained))
        self.tokenizer = tokenizer
        chatTemplateSource = files.chatTemplateSource
        self.plan = plan
        self.options = options
    }
}

/// What this machine can do at best, measured with the team of a model.
public struct MachineLimits: Sendable, Codable {
    /// Bytes a second read, all threads together, over as many as a token of the model reads.
    public var readBytesPerSecond: Double
    /// Multiplications and additions a second of 8-bit integers in the kernels' inner product.
    public var int8OperationsPerSecond: Double
    /// The same of bf16; nil where prompts are read in int8 as well.
    public var bf16OperationsPerSecond: Double?

    /// Of the numbers that prompts are read in.
    public var promptOperationsPerSecond: Double {
        bf16OperationsPerSecond ?? int8OperationsPerSecond
    }

    public static func measure(for model: Model) -> MachineLimits {
        let team = model.plan.team.handle
        let kernels = model.plan.kernels
        return MachineLimits(
            readBytesPerSecond: rk_measure_read_bandwidth(team, 96 << 20),
            int8OperationsPerSecond: rk_measure_int8_rate(team, kernels),
            bf16OperationsPerSecond: kernels.pointee.prompt_form == RK_INPUTS_BF16
                ? rk_measure_prompt_rate(team, kernels) : nil)
    }
}
