import JSON

extension TokenizerJSON {
    /// What the files say of BOS, EOS and the rest.
    func readSpecialTokens(_ vocabulary: inout VocabularyDescription) {
        let ids = SpellingIndex(vocabulary)
        var special = vocabulary.specialTokens
        special.bos = ids[named("bos_token")] ?? declaredIDs("bos_token_id").first
        special.eos = ids[named("eos_token")] ?? declaredIDs("eos_token_id").first
        special.padding = ids[named("pad_token")] ?? declaredIDs("pad_token_id").first
        special.unknown = special.unknown ?? ids[named("unk_token")]
        let template = TemplateEnds(root["post_processor"], ids)
        let config = companions["tokenizer_config.json"]
        special.addsBOS = config?["add_bos_token"]?.bool ?? (template.first != nil)
        special.addsEOS = config?["add_eos_token"]?.bool ?? (template.last != nil)
        if special.bos == nil { special.bos = template.first }
        if special.eos == nil, special.addsEOS { special.eos = template.last }
        if special.bos == nil { special.addsBOS = false }
        if special.eos == nil { special.addsEOS = false }
        let size = vocabulary.tokens.count
        let declared =
            [special.eos].compactMap { $0 } + declaredIDs("eos_token_id").filter { Int($0) < size }
        special.endOfGeneration = EndOfGeneration.tokens(
            in: vocabulary.spellings ?? vocabulary.tokens, kinds: &vocabulary.kinds,
            declared: declared, controlOnly: true)
        vocabulary.specialTokens = special
    }

    /// A special token's text, in `tokenizer_config.json` or `special_tokens_map.json`.
    private func named(_ key: String) -> String? {
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            guard let node = companions[name]?[key] else { continue }
            if let text = node.string ?? node["content"]?.string { return text }
        }
        return nil
    }

    /// Ids that `generation_config.json` or else `config.json` declares: one or a list.
    private func declaredIDs(_ key: String) -> [TokenID] {
        for name in ["generation_config.json", "config.json"] {
            guard let node = companions[name]?[key] else { continue }
            let values = node.int.map { [$0] } ?? node.elements.compactMap(\.int)
            let ids = values.filter { $0 >= 0 }.compactMap { TokenID(exactly: $0) }
            if !ids.isEmpty { return ids }
        }
        return []
    }
}

/// Tokens by the text a person would write for them; added tokens go first.
struct SpellingIndex {
    private let texts: ByteStrings
    private let index: TokenIndex
    private var added: [String: TokenID] = [:]

    init(_ vocabulary: VocabularyDescription) {
        texts = vocabulary.spellings ?? vocabulary.tokens
        index = TokenIndex(texts) { _ in true }
        for token in vocabulary.addedTokens { added[texts.text(of: Int(token.id))] = token.id }
    }

    subscript(spelling: String?) -> TokenID? {
        guard let spelling else { return nil }
        return added[spelling] ?? index.find(spelling.utf8, in: texts)
    }
}

/// The special tokens that a post-processor puts at the ends of a text.
private struct TemplateEnds {
    var first: TokenID?
    var last: TokenID?

    init(_ node: JSONNode?, _ ids: SpellingIndex) {
        guard let node, let type = node["type"]?.string else { return }
        switch type {
        case "Sequence":
            for part in node["processors"]?.elements ?? [] {
                let ends = TemplateEnds(part, ids)
                first = first ?? ends.first
                last = last ?? ends.last
            }
        case "TemplateProcessing":
            let parts = node["single"]?.elements ?? []
            first = Self.id(parts.first, ids)
            last = parts.count > 1 ? Self.id(parts.last, ids) : nil
        case "BertProcessing", "RobertaProcessing":
            first = ids[node["cls"]?.elements.first?.string]
            last = ids[node["sep"]?.elements.first?.string]
        default: break
        }
    }

    private static func id(_ part: JSONNode?, _ ids: SpellingIndex) -> TokenID? {
        ids[part?["SpecialToken"]?["id"]?.string]
    }
}
