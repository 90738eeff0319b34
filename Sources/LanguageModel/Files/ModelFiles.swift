import Foundation

/// A model as it lies on disk: its description, its weights by role, and where its tokenizer
/// and chat template are. Opening one maps files and reads no weights.
public struct ModelFiles: Sendable {
    /// Where the tokenizer is read from.
    public enum TokenizerSource: Sendable {
        /// `tokenizer.ggml.…` of the metadata.
        case gguf(GGUFFile)
        /// `tokenizer.json` and `tokenizer_config.json`.
        case huggingFace(SafetensorsFolder)
    }

    public let path: String
    public let architecture: Architecture
    public private(set) var weights: ModelWeights
    public let tokenizerSource: TokenizerSource
    /// The model's own chat template; nil where it has none.
    public let chatTemplateSource: String?
    public private(set) var info: ModelInfo

    /// The file or files behind ``weights``.
    public var file: any WeightFile { tokenizerSource.file }

    /// Opens a GGUF file (any part of a split one), or a Hugging Face folder or a file in it.
    public static func open(path: String) throws -> ModelFiles {
        let source = try TokenizerSource.open(path: path)
        let (settings, family) = try source.settings()
        let (architecture, names) = try ModelFamily.describe(
            source.file, settings: settings, family: family)
        var binder = WeightBinder(architecture: architecture, names: names, file: source.file)
        return ModelFiles(
            path: path, architecture: architecture, weights: try binder.bind(),
            tokenizerSource: source, chatTemplateSource: try source.chatTemplate(),
            info: try source.info(architecture, path: path))
    }

    /// The token that fills shorter sequences of a batch, where the model names one.
    public func paddingToken() throws -> TokenID? {
        let value =
            switch tokenizerSource {
            case .gguf(let file): file.metadata["tokenizer.ggml.padding_token_id"]?.int
            case .huggingFace(let folder): folder.config["pad_token_id"]?.int
            }
        return value.flatMap { TokenID(exactly: $0) }
    }

    /// Quantises the float weights, in memory: Q8_0 or Q4_1.
    public mutating func quantize(as type: TensorType) {
        weights = weights.quantized(as: type)
        if let first = weights.layers.first, first.query.matrix.type == type {
            info.quantization = "\(type.name) (stored as \(info.quantization))"
        }
    }

    /// Gives back the memory that reading the files has taken. Call it when the weights have
    /// been copied into the kernels' layout; they stay readable.
    public func releasePages() { file.releasePages() }
}

extension ModelFiles.TokenizerSource {
    public var file: any WeightFile {
        switch self {
        case .gguf(let file): file
        case .huggingFace(let folder): folder
        }
    }

    static func open(path: String) throws -> Self {
        switch try ModelPlace(path: path) {
        case .folder(let folder): .huggingFace(try SafetensorsFolder(path: folder))
        case .gguf(let file): .gguf(try GGUFFile(path: file))
        }
    }

    /// The settings, and the family that reads them.
    func settings() throws -> (ModelSettings, ModelFamily) {
        switch self {
        case .gguf(let file):
            guard let name = file.metadata["general.architecture"]?.string else {
                throw LanguageModelError.invalidFile(
                    path: file.path, place: "key general.architecture", reason: "it is missing")
            }
            guard let family = ModelFamily.gguf(name) else { throw unsupported(name) }
            return (ModelSettings(source: .gguf(file, prefix: name)), family)
        case .huggingFace(let folder):
            let path = "\(folder.path)/config.json"
            guard let name = folder.config["model_type"]?.string else {
                throw LanguageModelError.invalidFile(
                    path: path, place: "key model_type", reason: "it is missing")
            }
            guard let family = ModelFamily.modelType(name) else { throw unsupported(name) }
            // A multimodal model keeps its language model's settings apart.
            let config = folder.config["text_config"] ?? folder.config
            guard case .object(var members) = config else {
                throw LanguageModelError.invalidFile(
                    path: path, place: "key text_config", reason: "it must be an object")
            }
            if let method = folder.config["quantization_config"]?["quant_method"]?.string {
                throw LanguageModelError.unsupported(
                    path: folder.path, feature: "weights quantised by \(method)",
                    hint: "use a GGUF file or the unquantised folder")
            }
            for (key, value) in family.defaults where members[key] == nil { members[key] = value }
            return (ModelSettings(source: .json(.object(members), path: path)), family)
        }
    }

    private func unsupported(_ name: String) -> LanguageModelError {
        .unsupported(
            path: file.path, feature: "the architecture \(name)",
            hint: "supported are \(ModelFamily.supportedNames)")
    }

    func chatTemplate() throws -> String? {
        switch self {
        case .gguf(let file): file.metadata["tokenizer.chat_template"]?.string
        case .huggingFace(let folder): try SafetensorsFolder.chatTemplate(in: folder.path)
        }
    }
}
