import JSON

/// A family of models: the function from a file's settings to an ``Architecture``, and the
/// names of its tensors. Adding a family of a known kind is adding one of these, and a test.
struct ModelFamily: Sendable {
    /// For display.
    let name: String
    /// `general.architecture` of GGUF files; nil where they use another family's.
    let ggufName: String?
    /// `model_type` of `config.json`.
    let modelTypes: [String]
    /// What transformers assumes where `config.json` leaves a key out.
    var defaults: [String: JSONValue] = [:]
    /// GGUF files have q and k rows permuted for interleaved rotation.
    var isPermutedInGGUF = false
    /// Changes the common description into the family's.
    let describe: @Sendable (inout ArchitectureDraft) throws -> Void
    /// Names in safetensors.
    var names = TensorNames()

    static let all: [ModelFamily] =
        llamaLike + [gemma, gemma2, gemma3, phi3, olmo2] + layerNormed

    static func gguf(_ name: String) -> ModelFamily? { all.first { $0.ggufName == name } }
    static func modelType(_ name: String) -> ModelFamily? {
        all.first { $0.modelTypes.contains(name) }
    }

    /// Names of all families, for messages.
    static var supportedNames: String { all.map(\.name).sorted().joined(separator: ", ") }
}

/// An architecture while a family describes it.
struct ArchitectureDraft {
    var architecture: Architecture
    let settings: ModelSettings
    let file: any WeightFile
    let family: ModelFamily
    /// Names in this file; a family may change them by its settings.
    var names: TensorNames

    var width: Int { architecture.width }
    var layerCount: Int { architecture.layerCount }

    func hasTensor(_ name: String) -> Bool { file.tensorNames.contains(name) }

    func unsupported(_ feature: String) -> LanguageModelError {
        .unsupported(path: settings.path, feature: feature, hint: "")
    }
}

extension ModelFamily {
    /// Reads a file's architecture and how its tensors are called.
    static func describe(_ file: any WeightFile, settings: ModelSettings, family: ModelFamily)
        throws -> (Architecture, TensorNames)
    {
        var draft = try ArchitectureDraft(settings: settings, file: file, family: family)
        try family.describe(&draft)
        try draft.addDefaultRope()
        try draft.validate()
        return (draft.architecture, draft.names)
    }
}
