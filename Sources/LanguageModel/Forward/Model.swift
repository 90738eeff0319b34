import Foundation

/// Which kernels compute the forward pass.
public enum KernelChoice: String, Sendable, CaseIterable {
    /// The fastest this processor has.
    case auto
    /// Plain C over float32, the yardstick of all others.
    case reference
    case avx2
    case avx512
    case neon
}

/// How keys and values are kept.
public enum KVCacheType: String, Sendable, CaseIterable {
    case float16 = "f16"
    case int8 = "q8"
}

public struct ModelOptions: Sendable {
    public var kernels: KernelChoice = .auto
    /// Threads of the kernel team; 0 is one a physical core.
    public var threads: Int = 0
    /// Tokens of context to use at most; nil is what the model was trained for.
    public var contextLength: Int?
    public var cacheType: KVCacheType = .float16
    /// Bytes the key-value cache may take over all kept prefixes.
    public var cacheBudget: Int = 1 << 30

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
/// ``Generator`` may use one.
public final class Model: Sendable {
    public let info: ModelInfo
    /// Tokens of context in use: the model's own or less.
    public let contextLength: Int
    /// Nil where the file has none; ids still work.
    public let tokenizer: (any Tokenizer)?
    /// The model's own chat template text.
    public let chatTemplateSource: String?

    /// Loads a GGUF file or a Hugging Face folder. `progress` gets shares from 0 to 1.
    public static func load(
        path: String, options: ModelOptions = ModelOptions(),
        progress: (@Sendable (Double) -> Void)? = nil
    ) throws -> Model {
        fatalError("skeleton: being written")
    }

    init(info: ModelInfo, contextLength: Int, tokenizer: (any Tokenizer)?, chatTemplate: String?) {
        self.info = info
        self.contextLength = contextLength
        self.tokenizer = tokenizer
        self.chatTemplateSource = chatTemplate
    }
}
