import Foundation
import JSON

/// Reads a Hugging Face `tokenizer.json` and the small files beside it.
struct TokenizerJSON {
    let path: String
    let root: JSONNode
    /// `tokenizer_config.json`, `special_tokens_map.json`, `generation_config.json`,
    /// `config.json`, where they are.
    var companions: [String: JSONNode] = [:]

    private static let companionNames = [
        "tokenizer_config.json", "special_tokens_map.json", "generation_config.json",
        "config.json",
    ]

    /// - Parameter folder: a model folder with a `tokenizer.json`.
    init(folder: String) throws {
        path = folder + "/tokenizer.json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw LanguageModelError.cannotRead(path: path, reason: Self.missing(in: folder))
        }
        root = try Self.document(path)
        for name in Self.companionNames {
            let file = folder + "/" + name
            guard FileManager.default.fileExists(atPath: file) else { continue }
            companions[name] = try Self.document(file)
        }
    }

    init(path: String, bytes: [UInt8], companions: [String: [UInt8]] = [:]) throws {
        self.path = path
        root = try Self.parsed(bytes, path)
        for (name, bytes) in companions { self.companions[name] = try Self.parsed(bytes, name) }
    }

    private static func missing(in folder: String) -> String {
        let hasModel = FileManager.default.fileExists(atPath: folder + "/tokenizer.model")
        return hasModel
            ? "the folder has a SentencePiece tokenizer.model only; save the tokenizer with "
                + "transformers' save_pretrained to get a tokenizer.json"
            : "the folder has no such file"
    }

    private static func document(_ path: String) throws -> JSONNode {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw LanguageModelError.cannotRead(path: path, reason: error.localizedDescription)
        }
        return try parsed([UInt8](data), path)
    }

    private static func parsed(_ bytes: [UInt8], _ path: String) throws -> JSONNode {
        do {
            return try JSONDocument(bytes).root
        } catch {
            throw LanguageModelError.invalidFile(
                path: path, place: "line \(error.line), column \(error.column)",
                reason: error.reason)
        }
    }

    // MARK: Errors

    func failure(_ place: String, _ reason: String) -> LanguageModelError {
        .invalidFile(path: path, place: place, reason: reason)
    }

    func unsupported(_ feature: String) -> LanguageModelError {
        .unsupported(
            path: path, feature: feature,
            hint: "without it the model would be given other tokens than it was trained on")
    }

    /// The `type` of a part.
    func type(of node: JSONNode, _ place: String) throws -> String {
        guard let type = node["type"]?.string else { throw failure(place, "it has no type") }
        return type
    }

    // MARK: Description

    func description() throws -> VocabularyDescription {
        guard root.kind == .object, let model = root["model"] else {
            throw failure("model", "the tokenizer's model is missing")
        }
        let pieces = try TokenizerJSONPreTokenizers(file: self).steps(
            isBytePair: modelType(model) == "BPE")
        var result = try vocabulary(model, isByteLevel: pieces.isByteLevel)
        result.splitSteps = pieces.steps
        if let node = root["normalizer"] {
            result.normalizers = try TokenizerJSONNormalizers(file: self).normalizers(node)
        }
        result.decoding.includesAddedTokens = true
        if let node = root["decoder"] {
            var isFused = false
            try decoder(node, into: &result.decoding, isFused: &isFused)
        } else {
            // Without a decoder, tokens are joined by spaces.
            result.decoding.prefix = [0x20]
            result.decoding.dropsLeadingSpace = true
        }
        readSpecialTokens(&result)
        return result
    }

    private func modelType(_ model: JSONNode) -> String {
        if let type = model["type"]?.string { return type }
        // Files of old versions name no type.
        return model["merges"] != nil ? "BPE" : "Unigram"
    }

    // MARK: Vocabulary

    private func vocabulary(
        _ model: JSONNode, isByteLevel: Bool
    ) throws -> VocabularyDescription {
        let type = modelType(model)
        for key in ["continuing_subword_prefix", "end_of_word_suffix"]
        where !(model[key]?.string ?? "").isEmpty && type == "BPE" {
            throw unsupported("\(key) in byte-pair encoding")
        }
        if let dropout = model["dropout"]?.double, dropout > 0 {
            throw unsupported("random merges (dropout)")
        }
        var reader = TokenizerJSONVocabulary(file: self)
        var result: VocabularyDescription
        switch type {
        case "BPE":
            try reader.readObject(model["vocab"])
            try reader.readAddedTokens(root["added_tokens"])
            result = reader.description(.wordLevel, isByteLevel: isByteLevel)
            let unknown = model["unk_token"]?.utf8.flatMap { reader.id(of: $0) }
            result.algorithm = .rankedMerges(
                .init(
                    isByteLevel: isByteLevel,
                    hasByteFallback: model["byte_fallback"]?.bool ?? false,
                    unknown: unknown, fusesUnknown: model["fuse_unk"]?.bool ?? false))
            result.specialTokens.unknown = unknown
            result.ignoresMerges = model["ignore_merges"]?.bool ?? false
            result.merges = try reader.merges(
                model["merges"], in: result, isByteLevel: isByteLevel)
        case "Unigram":
            try reader.readScoredList(model["vocab"])
            try reader.readAddedTokens(root["added_tokens"])
            let byteFallback = model["byte_fallback"]?.bool ?? false
            result = reader.description(.unigram(byteFallback: byteFallback), isByteLevel: false)
            result.scores = reader.scores
            result.countsAllScores = true
            if let unknown = model["unk_id"]?.int {
                guard unknown >= 0, unknown < result.tokens.count else {
                    throw failure("model.unk_id", "there is no token \(unknown)")
                }
                result.specialTokens.unknown = TokenID(unknown)
            }
        case "WordLevel":
            try reader.readObject(model["vocab"])
            try reader.readAddedTokens(root["added_tokens"])
            result = reader.description(.wordLevel, isByteLevel: false)
            result.specialTokens.unknown = model["unk_token"]?.utf8.flatMap { reader.id(of: $0) }
        default:
            throw unsupported("the tokenizer model \(type)")
        }
        return result
    }

    // MARK: Decoder

    /// - Parameter isFused: whether what was read so far has made one piece of all tokens.
    private func decoder(
        _ node: JSONNode, into decoding: inout TokenDecoding, isFused: inout Bool
    ) throws {
        let place = "decoder"
        switch try type(of: node, place) {
        case "Sequence":
            for part in node["decoders"]?.elements ?? [] {
                try decoder(part, into: &decoding, isFused: &isFused)
            }
        case "ByteLevel":
            decoding.hasByteLetters = true
            isFused = true
        case "Fuse": isFused = true
        case "ByteFallback": decoding.hasByteTokens = true
        case "Replace":
            guard let pattern = node["pattern"]?["String"]?.utf8, let text = node["content"]?.utf8
            else { throw unsupported("a decoder that replaces by a regular expression") }
            decoding.replacements.append((Array(pattern), Array(text)))
        case "Strip":
            guard node["content"]?.string == " ", node["stop"]?.int ?? 0 == 0,
                let start = node["start"]?.int, start <= 1
            else { throw unsupported("a decoder that strips other than one leading space") }
            if start == 1 {
                guard isFused else { throw unsupported("a decoder that strips every token") }
                decoding.dropsLeadingSpace = true
            }
        case "Metaspace":
            let mark = node["replacement"]?.utf8.map(Array.init) ?? Array("▁".utf8)
            decoding.replacements.append((mark, [0x20]))
            let scheme = node["prepend_scheme"]?.string
            let adds = node["add_prefix_space"]?.bool ?? true
            if scheme.map({ $0 != "never" }) ?? adds { decoding.firstTokenMark = mark }
        case "WordPiece":
            throw unsupported("the WordPiece decoder")
        case let type:
            throw unsupported("the decoder \(type)")
        }
    }
}
