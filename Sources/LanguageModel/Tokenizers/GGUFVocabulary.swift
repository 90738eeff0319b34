/// Reads the vocabulary of a GGUF file.
struct GGUFVocabulary {
    private let file: GGUFFile
    private var texts = ByteStrings()
    private var kinds: [TokenKind] = []

    init(_ file: GGUFFile) throws {
        self.file = file
        try readTokens()
    }

    // MARK: Reading

    private func failure(_ place: String, _ reason: String) -> LanguageModelError {
        .invalidFile(path: file.path, place: "tokenizer.ggml." + place, reason: reason)
    }

    private func value(_ key: String) -> GGUFValue? { file.metadata["tokenizer.ggml." + key] }

    private func flag(_ key: String) -> Bool? { value(key)?.bool }

    private mutating func readTokens() throws {
        guard let list = value("tokens")?.array, list.elementType == .string else {
            throw failure("tokens", "the list of tokens is missing")
        }
        guard list.count > 0, list.count < Int(Int32.max) else {
            throw failure("tokens", "a vocabulary of \(list.count) tokens cannot be")
        }
        var texts = ByteStrings()
        texts.reserveCapacity(count: list.count, bytes: list.range.count - 8 * list.count)
        list.forEachString { texts.append($0) }
        self.texts = texts
        kinds = [TokenKind](repeating: .normal, count: list.count)
        if let types = value("token_type") {
            guard let ints = types.array?.ints, ints.count >= list.count else {
                throw failure(
                    "token_type", "there must be an integer for each of \(list.count) tokens")
            }
            for id in 0..<list.count {
                kinds[id] = UInt8(exactly: ints[id]).flatMap(TokenKind.init) ?? .unused
            }
        }
    }

    private func scores() throws -> [Double] {
        guard let list = value("scores") else { return [] }
        let numbers = list.array?.floats?.map(Double.init) ?? list.array?.ints?.map(Double.init)
        guard let numbers, numbers.count >= texts.count else {
            throw failure("scores", "there must be a number for each of \(texts.count) tokens")
        }
        return Array(numbers.prefix(texts.count))
    }

    /// A special token's id; where the file's is out of range or absent, the default.
    private func id(_ key: String, default fallback: Int? = nil) -> TokenID? {
        for candidate in [value(key)?.int, fallback] {
            if let candidate, candidate >= 0, candidate < texts.count { return TokenID(candidate) }
        }
        return nil
    }

    // MARK: Description

    func description() throws -> VocabularyDescription {
        guard let model = value("model")?.string else {
            throw failure("model", "the kind of tokenizer is missing")
        }
        switch model {
        case "gpt2": return try bytePair(named: value("pre")?.string ?? "default")
        case "gemma4": return try bytePair(named: "gemma4")
        case "llama": return try sentencePiece()
        case "t5": return try unigram()
        default:
            throw LanguageModelError.unsupported(
                path: file.path, feature: "the tokenizer kind \(model)",
                hint: "models with gpt2, llama and t5 tokenizers are")
        }
    }

    private func bytePair(named name: String) throws -> VocabularyDescription {
        guard let pre = PreTokenizers.named(name) else {
            throw LanguageModelError.unsupported(
                path: file.path, feature: "the pre-tokenizer \(name)",
                hint: "the model's Hugging Face folder has it in tokenizer.json, which can be "
                    + "loaded instead")
        }
        var result = VocabularyDescription(
            algorithm: .rankedMerges(
                .init(isByteLevel: !pre.marksSpaces, hasByteFallback: pre.marksSpaces)))
        result.kinds = kinds
        let names = ["chatglm-bpe", "glm4", "glm5"]
        result.specialTokens = special(
            bos: names.contains(name) || pre.marksSpaces ? nil : 11,
            eos: pre.marksSpaces ? nil : 11, addsBOS: pre.addsBOS,
            kinds: &result.kinds)
        // A file cannot turn this off: the model does not work without.
        if name == "gemma4" { result.specialTokens.addsBOS = true }
        if pre.marksSpaces {
            result.tokens = texts
            result.normalizers = [.replace(.literal([0x20]), with: Array("▁".utf8))]
            result.decoding.replacements = [(Array("▁".utf8), [0x20])]
            result.decoding.hasByteTokens = true
        } else {
            result.spellings = texts
            result.tokens = rawTokens(result.kinds)
        }
        result.ignoresMerges = pre.ignoresMerges
        result.addedTokens = addedTokens(result.kinds)
        do {
            result.splitSteps = try pre.expressions.map { expression throws(RegexSyntaxError) in
                try PreTokenizers.step(regex: expression)
            }
        } catch {
            preconditionFailure("built-in expression of \(name): \(error)")
        }
        result.merges = try merges(isByteLevel: !pre.marksSpaces, in: result)
        return result
    }

    /// The bytes that tokens of GPT-2's alphabet stand for. Tokens that are not made by
    /// merges keep their text; they are never looked up by it.
    private func rawTokens(_ kinds: [TokenKind]) -> ByteStrings {
        var result = ByteStrings()
        result.reserveCapacity(count: texts.count, bytes: texts.bytes.count)
        texts.bytes.withUnsafeBufferPointer { bytes in
            for id in 0..<texts.count {
                let token = UnsafeBufferPointer(rebasing: bytes[texts.range(of: id)])
                if kinds[id] == .normal, !token.isEmpty, token.allSatisfy({ $0 < 0x80 }) {
                    // Most tokens without a space: ASCII stands for itself.
                    result.append(token)
                } else if kinds[id] == .normal {
                    var decoded = ByteStrings()
                    if ByteAlphabet.decode(token, into: &decoded) {
                        result.append(decoded.bytes)
                    } else {
                        result.append([])
                    }
                } else {
                    result.append([])
                }
            }
        }
        return result
    }

    /// The merges, as ids. One whose parts or result are no tokens can never happen and is
    /// left out.
    private func merges(
        isByteLevel: Bool, in vocabulary: VocabularyDescription
    ) throws -> [VocabularyDescription.Merge] {
        guard let list = value("merges")?.array, list.elementType == .string else {
            throw failure("merges", "the list of merges is missing")
        }
        let index = TokenIndex(vocabulary.tokens) { vocabulary.isSegmentable($0) }
        var result: [VocabularyDescription.Merge] = []
        result.reserveCapacity(list.count)
        var scratch = MergeText()
        list.forEachString { bytes in
            bytes.withMemoryRebound(to: UInt8.self) { merge in
                scratch.read(merge, isByteLevel: isByteLevel)
            }
            let merge = scratch.find(in: vocabulary.tokens, index)
            // A merge that is left out keeps its place, for the rank of those after it.
            result.append(merge ?? .init(left: -1, right: -1, merged: -1))
        }
        return result
    }

    private func addedTokens(_ kinds: [TokenKind]) -> [VocabularyDescription.AddedToken] {
        let name = file.metadata["general.name"]?.string?.lowercased() ?? ""
        let isPhi3 = name.contains("phi-3") || name.contains("phi3")
        var result: [VocabularyDescription.AddedToken] = []
        for id in 0..<texts.count {
            let isControl = kinds[id] == .control || kinds[id] == .unknown
            guard isControl || kinds[id] == .userDefined else { continue }
            var token = VocabularyDescription.AddedToken(id: TokenID(id), isControl: isControl)
            // GGUF files do not carry this attribute; the model does.
            if isPhi3 {
                let text = texts.text(of: id)
                token.stripsRight = text != "<unk>" && text != "<s>" && text != "<|endoftext|>"
            }
            result.append(token)
        }
        return result
    }

    private func sentencePiece() throws -> VocabularyDescription {
        var result = VocabularyDescription(algorithm: .scoredPairs)
        result.tokens = texts
        result.kinds = kinds
        result.scores = try scores()
        result.specialTokens = special(
            bos: 1, eos: 2, unknown: 0, addsBOS: true, kinds: &result.kinds)
        result.addedTokens = addedTokens(result.kinds)
        let addsPrefix = flag("add_space_prefix") ?? true
        result.normalizers = [.replace(.literal([0x20]), with: Array("▁".utf8))]
        if addsPrefix { result.normalizers.append(.prepend(Array("▁".utf8))) }
        result.decoding = Self.sentencePieceDecoding(dropsLeadingSpace: addsPrefix)
        return result
    }

    private static func sentencePieceDecoding(dropsLeadingSpace: Bool) -> TokenDecoding {
        var decoding = TokenDecoding()
        decoding.replacements = [(Array("▁".utf8), [0x20])]
        decoding.hasByteTokens = true
        decoding.dropsLeadingSpace = dropsLeadingSpace
        return decoding
    }

    private func unigram() throws -> VocabularyDescription {
        var result = VocabularyDescription(
            algorithm: .unigram(byteFallback: kinds.contains(.byte)))
        result.tokens = texts
        result.kinds = kinds
        result.scores = try scores()
        result.specialTokens = special(
            eos: 1, unknown: 2, padding: 0, addsEOS: true, kinds: &result.kinds)
        result.addedTokens = addedTokens(result.kinds)
        var rules = TextNormalizer.SentencePieceRules(
            addsSpacePrefix: flag("add_space_prefix") ?? true,
            mergesSpaces: flag("remove_extra_whitespaces") ?? false)
        if let blob = value("precompiled_charsmap")?.array {
            let bytes = blob.ints?.map { UInt8(truncatingIfNeeded: $0) } ?? []
            guard let map = SentencePieceCharsMap(bytes) else {
                throw failure("precompiled_charsmap", "the table of characters is cut short")
            }
            rules.charsMap = map
        }
        for token in result.addedTokens where !token.isControl {
            rules.kept.insert(texts[Int(token.id)], value: token.id)
        }
        result.normalizers = [.sentencePiece(rules)]
        result.decoding = Self.sentencePieceDecoding(dropsLeadingSpace: rules.addsSpacePrefix)
        return result
    }

    // MARK: Special tokens

    private func special(
        bos: Int? = nil, eos: Int? = nil, unknown: Int? = nil, padding: Int? = nil,
        addsBOS: Bool = false, addsEOS: Bool = false, kinds: inout [TokenKind]
    ) -> SpecialTokens {
        var result = SpecialTokens(
            bos: id("bos_token_id", default: bos), eos: id("eos_token_id", default: eos),
            unknown: id("unknown_token_id", default: unknown),
            padding: id("padding_token_id", default: padding),
            addsBOS: flag("add_bos_token") ?? addsBOS, addsEOS: flag("add_eos_token") ?? addsEOS)
        if result.bos == nil { result.addsBOS = false }
        if result.eos == nil { result.addsEOS = false }
        let declared = ["eot_token_id", "eom_token_id"].compactMap { id($0) }
        result.endOfGeneration = EndOfGeneration.tokens(
            in: texts, kinds: &kinds, declared: [result.eos].compactMap { $0 } + declared)
        return result
    }
}

/// The text of a merge, cut at its space.
struct MergeText {
    private var bytes = ByteStrings()
    private var split = 0

    init() {}

    /// Reads `left right`. A space inside a part is possible at the first place only.
    mutating func read(_ merge: UnsafeBufferPointer<UInt8>, isByteLevel: Bool) {
        let space = merge.dropFirst().firstIndex(of: 0x20) ?? merge.endIndex
        read(
            UnsafeBufferPointer(rebasing: merge[..<space]),
            UnsafeBufferPointer(rebasing: merge[min(space + 1, merge.count)...]),
            isByteLevel: isByteLevel)
    }

    mutating func read(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, isByteLevel: Bool
    ) {
        bytes.removeAll()
        append(left, isByteLevel)
        split = bytes.bytes.count
        append(right, isByteLevel)
    }

    private mutating func append(_ part: UnsafeBufferPointer<UInt8>, _ isByteLevel: Bool) {
        if !isByteLevel {
            for byte in part { bytes.appendByte(byte) }
        } else if !ByteAlphabet.decode(part, into: &bytes) {
            bytes.removeAll()
        }
    }

    /// The merge, where both parts and their union are tokens.
    func find(in tokens: ByteStrings, _ index: TokenIndex) -> VocabularyDescription.Merge? {
        bytes.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, split > 0, split < bytes.count,
                let left = index.find(base, split, in: tokens),
                let right = index.find(base + split, bytes.count - split, in: tokens),
                let merged = index.find(base, bytes.count, in: tokens)
            else { return nil }
            return .init(left: left, right: right, merged: merged)
        }
    }
}

/// Which tokens end a reply. Files name one; models use more, known by their spelling.
enum EndOfGeneration {
    private static let spellings: Set<String> = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>",
        "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>",
        "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>",
        "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[", "<|fim_pad|>", "<fim-pad>",
        "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>",
        "<reponame>", "<|file_sep|>",
    ]
    /// gpt-oss writes these around the text it shows.
    private static let shown: Set<String> = [
        "<|channel|>", "<|message|>", "<|start|>", "<|constrain|>",
    ]
    private static let longest = 32

    /// The ids that end a reply: the declared ones, and those whose spelling says so, which
    /// are control tokens whatever the file calls them.
    static func tokens(
        in texts: ByteStrings, kinds: inout [TokenKind], declared: [TokenID]
    ) -> Set<TokenID> {
        var found: [String: TokenID] = [:]
        for id in 0..<texts.count {
            let text = texts[id]
            guard let first = text.first, text.count <= longest,
                first == UInt8(ascii: "<") || first == UInt8(ascii: "[")
                    || first == UInt8(ascii: "_")
            else { continue }
            let spelling = texts.text(of: id)
            if spellings.contains(spelling) {
                found[spelling] = TokenID(id)
            } else if shown.contains(spelling) {
                kinds[id] = .userDefined
            }
        }
        // Where a model returns or calls by tokens of its own, <|end|> ends a part only.
        let endsParts =
            (found["<|return|>"] != nil && found["<|call|>"] != nil)
            || (found["<|flush|>"] != nil
                && (found["<|call|>"] != nil || found["<|calls|>"] != nil))
        if endsParts, let end = found.removeValue(forKey: "<|end|>") {
            kinds[Int(end)] = .userDefined
        }
        if found["<|tool_response>"] != nil, let end = found.removeValue(forKey: "</s>") {
            kinds[Int(end)] = .normal
        }
        for id in found.values { kinds[Int(id)] = .control }
        return Set(found.values).union(declared)
    }
}
