import Foundation

/// What turns messages and text into ids, read without the model's weights: files that have
/// a vocabulary only serve as well.
public struct ModelVocabulary: Sendable {
    public let name: String
    /// Nil where the files have none; ids still work.
    public let tokenizer: (any Tokenizer)?
    /// The model's own chat template; nil where it has none.
    public let chatTemplateSource: String?

    /// Reads a GGUF file, or a Hugging Face folder or a file in it.
    public static func open(path: String) throws -> ModelVocabulary {
        switch try ModelPlace(path: path) {
        case .folder(let folder):
            return ModelVocabulary(
                name: ModelPlace.folderName(folder),
                tokenizer: try TokenizerLoader.loadIfPresent(folder: folder),
                chatTemplateSource: try SafetensorsFolder.chatTemplate(in: folder))
        case .gguf(let path):
            let file = try GGUFFile(path: path)
            return ModelVocabulary(
                name: file.modelName(path: path),
                tokenizer: try TokenizerLoader.loadIfPresent(gguf: file),
                chatTemplateSource: file.metadata["tokenizer.chat_template"]?.string)
        }
    }
}

/// Where a model lies, told from the path a person gave.
enum ModelPlace {
    case gguf(String)
    case folder(String)

    init(path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw LanguageModelError.cannotRead(path: path, reason: "there is no such file")
        }
        let url = URL(fileURLWithPath: path)
        if isFolder.boolValue {
            self = .folder(path)
        } else if url.pathExtension == "safetensors"
            || ["config.json", "tokenizer.json"].contains(url.lastPathComponent)
        {
            self = .folder(url.deletingLastPathComponent().path)
        } else {
            self = .gguf(path)
        }
    }

    static func folderName(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    }
}

extension GGUFFile {
    /// What the file calls its model, else its own name.
    func modelName(path: String) -> String {
        if let name = metadata["general.name"]?.string, !name.isEmpty { return name }
        let last = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
        return last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
    }
}
