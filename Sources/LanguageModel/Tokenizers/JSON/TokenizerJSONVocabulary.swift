import JSON

/// Collects the tokens of a `tokenizer.json`.
struct TokenizerJSONVocabulary {
    let file: TokenizerJSON
    /// The nodes that spell the tokens, by id.
    private var texts: [JSONNode?] = []
    private(set) var scores: [Double] = []
    private var added: [VocabularyDescription.AddedToken] = []
    private var addedTexts: [TokenID: ArraySlice<UInt8>] = [:]
    private var spellings = ByteStrings()
    private var index = TokenIndex(capacity: 0)

    init(file: TokenizerJSON) { self.file = file }

    /// Ids may have gaps, but a file of so many bytes cannot have tokens much beyond them.
    private var largestID: Int {
        min(file.root.document.bytes.count + 0x10000, Int(Int32.max) - 1)
    }

    private mutating func set(_ text: JSONNode?, at id: Int, _ place: String) throws {
        guard id >= 0, id <= largestID else {
            throw file.failure(place, "the id \(id) cannot be")
        }
        while texts.count <= id { texts.append(nil) }
        if let text { texts[id] = text }
    }

    /// `{"token": id, …}`.
    mutating func readObject(_ node: JSONNode?) throws {
        guard let node, node.kind == .object else {
            throw file.failure("model.vocab", "there must be an object of tokens and ids")
        }
        try node.forEachMember { key, value in
            guard let id = value.int else {
                throw file.failure(
                    "model.vocab", "the id of \(key.string ?? "a token") is not a whole number")
            }
            try set(key, at: id, "model.vocab")
        }
        guard !texts.isEmpty else { throw file.failure("model.vocab", "there are no tokens") }
    }

    /// `[["token", score], …]`.
    mutating func readScoredList(_ node: JSONNode?) throws {
        guard let node, node.kind == .array else {
            throw file.failure("model.vocab", "there must be an array of tokens and scores")
        }
        try node.forEachElement { pair in
            let parts = pair.elements
            guard parts.count == 2, parts[0].kind == .string, let score = parts[1].double else {
                throw file.failure(
                    "model.vocab", "element \(texts.count) is not a token with its score")
            }
            texts.append(parts[0])
            scores.append(score)
        }
        guard !texts.isEmpty else { throw file.failure("model.vocab", "there are no tokens") }
    }

    mutating func readAddedTokens(_ node: JSONNode?) throws {
        guard let node else { return }
        guard node.kind == .array else {
            throw file.failure("added_tokens", "there must be an array")
        }
        for (number, token) in node.elements.enumerated() {
            let place = "added_tokens, element \(number)"
            guard let id = token["id"]?.int, let content = token["content"]?.utf8 else {
                throw file.failure(place, "it has no id or no content")
            }
            try set(nil, at: id, place)
            let isControl = token["special"]?.bool ?? false
            added.append(
                .init(
                    id: TokenID(id), isControl: isControl,
                    stripsLeft: token["lstrip"]?.bool ?? false,
                    stripsRight: token["rstrip"]?.bool ?? false,
                    isSingleWord: token["single_word"]?.bool ?? false,
                    isNormalized: token["normalized"]?.bool ?? !isControl))
            addedTexts[TokenID(id)] = content
        }
    }

    /// The description so far, without merges and what else the model has.
    mutating func description(
        _ algorithm: VocabularyDescription.Algorithm, isByteLevel: Bool
    ) -> VocabularyDescription {
        var result = VocabularyDescription(algorithm: algorithm)
        result.kinds = [TokenKind](repeating: .normal, count: texts.count)
        var decoded = ByteStrings()
        for (id, node) in texts.enumerated() {
            let text = node?.utf8 ?? []
            if node == nil { result.kinds[id] = .unused }
            spellings.append(text)
            guard isByteLevel else { continue }
            let before = decoded.bytes.count
            let isInAlphabet = text.withUnsafeBufferPointer {
                ByteAlphabet.decode($0, into: &decoded)
            }
            // Nothing in the text can become a token of other characters.
            if !isInAlphabet { decoded.truncate(to: before) }
            decoded.endString()
        }
        result.tokens = isByteLevel ? decoded : spellings
        index = TokenIndex(spellings, lastWins: false) { _ in true }
        if isByteLevel || !addedTexts.isEmpty {
            var shown = ByteStrings()
            for id in 0..<spellings.count {
                shown.append(addedTexts[TokenID(id)] ?? spellings[id])
            }
            result.spellings = shown
        }
        // The same text elsewhere in the vocabulary is as little for a person to see.
        for token in added where token.isControl {
            if let text = addedTexts[token.id], let id = index.find(text, in: spellings) {
                result.kinds[Int(id)] = .control
            }
        }
        for token in added {
            result.kinds[Int(token.id)] = token.isControl ? .control : .userDefined
        }
        result.addedTokens = added
        return result
    }

    /// The token with a text, as the model or the added tokens spell it.
    func id(of text: ArraySlice<UInt8>) -> TokenID? {
        index.find(text, in: spellings) ?? addedTexts.first { $0.value == text }?.key
    }

    /// `["a b", …]` or `[["a", "b"], …]`.
    func merges(
        _ node: JSONNode?, in vocabulary: VocabularyDescription, isByteLevel: Bool
    ) throws -> [VocabularyDescription.Merge] {
        guard let node, node.kind == .array else {
            throw file.failure("model.merges", "there must be an array")
        }
        var result: [VocabularyDescription.Merge] = []
        var scratch = MergeText()
        let index = TokenIndex(vocabulary.tokens) { _ in true }
        try node.forEachElement { merge in
            if let text = merge.utf8 {
                text.withUnsafeBufferPointer { scratch.read($0, isByteLevel: isByteLevel) }
            } else {
                let parts = merge.elements
                guard parts.count == 2, let left = parts[0].utf8, let right = parts[1].utf8 else {
                    throw file.failure(
                        "model.merges", "element \(result.count) is not a pair of tokens")
                }
                left.withUnsafeBufferPointer { left in
                    right.withUnsafeBufferPointer { right in
                        scratch.read(left, right, isByteLevel: isByteLevel)
                    }
                }
            }
            guard var found = scratch.find(in: vocabulary.tokens, index) else {
                throw file.failure(
                    "model.merges", "element \(result.count) merges what are no tokens")
            }
            // Merging never makes a control token: it would come from a person's text.
            if vocabulary.kinds[Int(found.merged)] == .control { found.merged = -1 }
            result.append(found)
        }
        return result
    }
}
