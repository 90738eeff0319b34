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
            result.decoding.hasByteLetters = true
            if pre.composes { result.normalizers = [.form(.nfc)] }
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
        let index = TokenIndex(result.tokens) { [result] in result.isSegmentable($0) }
        result.merges = try merges(isByteLevel: !pre.marksSpaces, in: result.tokens, index)
        result.index = index
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
                let before = result.bytes.count
                if kinds[id] != .normal || !ByteAlphabet.decode(token, into: &result) {
                    result.truncate(to: before)
                }
                result.endString()
            }
        }
        return result
    }

    /// The merges, as ids. One whose parts or result are no tokens can never happen and is
    /// left out.
    private func merges(
        isByteLevel: Bool, in tokens: ByteStrings, _ index: TokenIndex
    ) throws -> [VocabularyDescription.Merge] {
        guard let list = value("merges")?.array, list.elementType == .string else {
            throw failure("merges", "the list of merges is missing")
        }
        var result: [VocabularyDescription.Merge] = []
        result.reserveCapacity(list.count)
        var scratch = MergeText()
        list.forEachString { bytes in
            bytes.withMemoryRebound(to: UInt8.self) { merge in
                scratch.read(merge, isByteLevel: isByteLevel)
            }
            let merge = scratch.find(in: tokens, index)
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
