import ChatTemplates
import Synchronization

/// The tokenizer of a vocabulary: added tokens are found first, the text between them is
/// normalized, cut into words, and each word becomes tokens by merges or segmentation.
final class VocabularyTokenizer: Tokenizer {
    let vocabularySize: Int
    let specialTokens: SpecialTokens
    let dropsLeadingSpace: Bool

    private let kinds: [TokenKind]
    private let spellings: ByteStrings
    private let decoding: TokenDecoding
    /// What added tokens that are looked for in normalized text stand for, where they do not
    /// stand for their spelling.
    private let addedTexts: [TokenID: [UInt8]]
    private let addedTokens: AddedTokens
    private let addedNormalizedTokens: AddedTokens
    private let normalizers: [TextNormalizer]
    private let splitter: WordSplitter
    private let model: Model
    private let pool = Mutex<[EncodingScratch]>([])

    private enum Model: Sendable {
        case bytePair(BytePairModel)
        case scoredPair(ScoredPairModel)
        case unigram(UnigramModel)
        case wordLevel(WordLevelModel)
    }

    /// Its algorithm, for display.
    var kind: String {
        switch model {
        case .bytePair: decoding.hasByteLetters ? "byte-level BPE" : "BPE"
        case .scoredPair: "SentencePiece BPE"
        case .unigram: "unigram"
        case .wordLevel: "whole words"
        }
    }

    init(_ vocabulary: VocabularyDescription) {
        vocabularySize = vocabulary.tokens.count
        specialTokens = vocabulary.specialTokens
        kinds = vocabulary.kinds
        spellings = vocabulary.spellings ?? vocabulary.tokens
        decoding = vocabulary.decoding
        dropsLeadingSpace = vocabulary.decoding.dropsLeadingSpace
        normalizers = vocabulary.normalizers
        let index =
            vocabulary.index ?? TokenIndex(vocabulary.tokens) { vocabulary.isSegmentable($0) }
        var steps = vocabulary.splitSteps
        switch vocabulary.algorithm {
        case .rankedMerges(let options):
            model = .bytePair(BytePairModel(vocabulary, options, index: index))
        case .scoredPairs:
            model = .scoredPair(ScoredPairModel(vocabulary, index: index))
        case .unigram(let byteFallback):
            model = .unigram(UnigramModel(vocabulary, index: index, byteFallback: byteFallback))
        case .wordLevel:
            model = .wordLevel(
                WordLevelModel(
                    tokens: vocabulary.tokens, index: index,
                    unknown: vocabulary.specialTokens.unknown))
        }
        if vocabulary.mergesStopAtSpaceMarks(index) { steps.append(.beforeSpaceMarks) }
        splitter = WordSplitter(steps: steps)
        var raw = AddedTokens()
        var normalized = AddedTokens()
        var texts: [TokenID: [UInt8]] = [:]
        for token in vocabulary.addedTokens {
            let text = spellings[Int(token.id)]
            // Bytes that are no characters could match within one and cut it in two.
            guard String(validating: text, as: UTF8.self) != nil else { continue }
            // Control tokens are found in the text as it is written: only there is it known
            // who wrote it.
            if token.isNormalized && !token.isControl {
                let text = normalizers.applied(to: Array(text))
                normalized.insert(token, text: text)
                if decoding.includesAddedTokens { texts[token.id] = text }
            } else {
                raw.insert(token, text: text)
            }
        }
        addedTokens = raw
        addedNormalizedTokens = normalized
        addedTexts = texts
    }

    // MARK: Encoding

    func encode(_ prompt: PromptText) -> [TokenID] {
        var output: [TokenID] = []
        let trusted = TrustedRanges(prompt)
        var text = prompt.text
        let scratch = pool.withLock { $0.popLast() } ?? EncodingScratch()
        text.withUTF8 { text in
            output.reserveCapacity(text.count / 3 + 8)
            forEachFragment(text, addedTokens, { trusted.contains($0) }) { fragment, match in
                if let fragment {
                    encode(
                        UnsafeBufferPointer(rebasing: text[fragment]),
                        isTextStart: fragment.lowerBound == 0, scratch, &output)
                }
                if let match { output.append(match) }
            }
        }
        pool.withLock { $0.append(scratch) }
        return output
    }

    /// Calls `body` with each stretch of ordinary text and each added token, in order.
    private func forEachFragment(
        _ text: UnsafeBufferPointer<UInt8>, _ tokens: AddedTokens,
        _ isTrusted: (Range<Int>) -> Bool, _ body: (Range<Int>?, TokenID?) -> Void
    ) {
        var start = 0
        if !tokens.isEmpty {
            var next = 0
            while let match = tokens.firstMatch(
                text, from: next, lowest: start, isTrusted: isTrusted)
            {
                if match.range.lowerBound > start { body(start..<match.range.lowerBound, nil) }
                // Nothing is left of it where the token before took all its white space.
                if !match.range.isEmpty { body(nil, match.id) }
                start = max(start, match.range.upperBound)
                next = match.end
            }
        }
        if start < text.count { body(start..<text.count, nil) }
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, isTextStart: Bool, _ scratch: EncodingScratch,
        _ output: inout [TokenID]
    ) {
        if normalizers.isEmpty, addedNormalizedTokens.isEmpty {
            return encodeWords(text, isTextStart: isTextStart, scratch, &output)
        }
        // What follows a character that was removed is not the text's start.
        let isTextStart = isTextStart && normalizers.keepsStart(of: text)
        let normalized = normalizers.applied(to: Array(text))
        normalized.withUnsafeBufferPointer { text in
            forEachFragment(text, addedNormalizedTokens, { _ in true }) { fragment, match in
                if let fragment {
                    encodeWords(
                        UnsafeBufferPointer(rebasing: text[fragment]),
                        isTextStart: isTextStart && fragment.lowerBound == 0, scratch, &output)
                }
                if let match { output.append(match) }
            }
        }
    }

    private func encodeWords(
        _ text: UnsafeBufferPointer<UInt8>, isTextStart: Bool, _ scratch: EncodingScratch,
        _ output: inout [TokenID]
    ) {
        splitter.forEachWord(text, isTextStart: isTextStart) { word, count in
            guard count <= WordCache.longestWord else {
                return encodeWord(word, count, scratch, &output)
            }
            let hash = hashBytes(word, count)
            if scratch.cache.find(word, count, hash: hash, into: &output) { return }
            let before = output.count
            encodeWord(word, count, scratch, &output)
            scratch.cache.insert(word, count, hash: hash, tokens: output[before...])
        }
    }

    private func encodeWord(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncodingScratch,
        _ output: inout [TokenID]
    ) {
        switch model {
        case .bytePair(let model): model.encode(word, count, scratch, into: &output)
        case .scoredPair(let model): model.encode(word, count, scratch, into: &output)
        case .unigram(let model): model.encode(word, count, scratch, into: &output)
        case .wordLevel(let model): model.encode(word, count, into: &output)
        }
    }

    // MARK: Decoding

    func bytes(of id: TokenID) -> [UInt8] { bytes(of: id, decoding) }

    func firstBytes(of id: TokenID) -> [UInt8] {
        guard let mark = decoding.firstTokenMark else { return bytes(of: id) }
        var decoding = decoding
        decoding.replacements.insert((mark, []), at: 0)
        return bytes(of: id, decoding)
    }

    private func bytes(of id: TokenID, _ decoding: TokenDecoding) -> [UInt8] {
        guard id >= 0, id < vocabularySize else { return [] }
        let text = addedTexts[id].map { $0[...] } ?? spellings[Int(id)]
        switch kinds[Int(id)] {
        case .control, .unknown, .unused: return []
        case .userDefined where !decoding.includesAddedTokens: return Array(text)
        case .byte: return byteValue(of: text).map { [$0] } ?? []
        case .normal, .userDefined: break
        }
        if decoding.hasByteTokens, let byte = byteValue(of: text) { return [byte] }
        if decoding.hasByteLetters { return decoding.applied(to: decodedLetters(text)) }
        return decoding.applied(to: Array(text))
    }

    /// The bytes a token of GPT-2's alphabet stands for; a token that is not in it, itself.
    private func decodedLetters(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result = ByteStrings()
        let isInAlphabet = text.withUnsafeBufferPointer { ByteAlphabet.decode($0, into: &result) }
        return isInAlphabet ? result.bytes : Array(text)
    }

    func displayText(of id: TokenID) -> String {
        guard id >= 0, id < vocabularySize else { return "" }
        switch kinds[Int(id)] {
        case .control, .unknown, .unused, .userDefined, .byte: return spellings.text(of: Int(id))
        case .normal: return String(decoding: bytes(of: id), as: UTF8.self)
        }
    }

    func isControl(_ id: TokenID) -> Bool {
        guard id >= 0, id < vocabularySize else { return false }
        return kinds[Int(id)] == .control || kinds[Int(id)] == .unknown
    }

    func isByte(_ id: TokenID) -> Bool {
        guard decoding.hasByteTokens, id >= 0, id < vocabularySize else { return false }
        return kinds[Int(id)] == .byte
            || kinds[Int(id)] == .normal && byteValue(of: spellings[Int(id)]) != nil
    }
}

/// The bytes of a prompt that the chat template wrote.
private struct TrustedRanges {
    private var ranges: [Range<Int>] = []

    init(_ prompt: PromptText) {
        var offset = 0
        for span in prompt.spans {
            let end = offset + span.text.utf8.count
            if span.isTrusted { ranges.append(offset..<end) }
            offset = end
        }
    }

    /// Whether the whole range is trusted. Neighbouring trusted spans are one range.
    func contains(_ range: Range<Int>) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < range.upperBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < ranges.count && ranges[low].lowerBound <= range.lowerBound
    }
}

extension TokenDecoding {
    /// A token's text with the replacements made.
    func applied(to text: [UInt8]) -> [UInt8] {
        var text = text
        for (pattern, replacement) in replacements where !pattern.isEmpty {
            guard text.count >= pattern.count else { continue }
            var result: [UInt8] = []
            var offset = 0
            while offset < text.count {
                if text[offset] == pattern[0], text[offset...].starts(with: pattern) {
                    result += replacement
                    offset += pattern.count
                } else {
                    result.append(text[offset])
                    offset += 1
                }
            }
            text = result
        }
        return prefix + text
    }
}

extension VocabularyDescription {
    /// Whether no merge crosses a place where `▁` follows something else, so that the text
    /// may be cut there and the words remembered without any change to the result.
    func mergesStopAtSpaceMarks(_ index: TokenIndex) -> Bool {
        switch algorithm {
        case .rankedMerges(let options): if options.isByteLevel { return false }
        case .scoredPairs: break
        case .unigram, .wordLevel: return false
        }
        let mark = Array("▁".utf8)
        guard index.find(mark, in: tokens) != nil else { return false }
        for id in 0..<tokens.count where isSegmentable(id) {
            let token = tokens[id]
            var offset = token.startIndex + 1
            while offset + 3 <= token.endIndex {
                if token[offset] == mark[0], token[offset..<offset + 3].elementsEqual(mark),
                    offset < token.startIndex + 3
                        || !token[offset - 3..<offset].elementsEqual(mark)
                {
                    return false
                }
                offset += 1
            }
        }
        return true
    }
}
