/// Finds the tokens that stand for themselves in the text, before it is cut into words: the
/// longest at the first place where one is.
struct AddedTokens: Sendable {
    private var trie = ByteTrie()
    private var tokens: [TokenID: VocabularyDescription.AddedToken] = [:]
    /// Whether a token begins with the byte: most places are passed over by this alone.
    private var firstBytes = [Bool](repeating: false, count: 256)
    private let classes = CharacterClasses.shared

    /// A token found, with the white space that belongs to it.
    struct Match {
        var range: Range<Int>
        var id: TokenID
    }

    var isEmpty: Bool { trie.isEmpty }

    mutating func insert(
        _ token: VocabularyDescription.AddedToken, text: some Collection<UInt8>
    ) {
        guard let first = text.first else { return }
        trie.insert(text, value: token.id)
        tokens[token.id] = token
        firstBytes[Int(first)] = true
    }

    /// The first token at or after `start`. `isTrusted` tells of a range whether control
    /// tokens may come from it.
    func firstMatch(
        _ text: UnsafeBufferPointer<UInt8>, from start: Int, isTrusted: (Range<Int>) -> Bool
    ) -> Match? {
        firstBytes.withUnsafeBufferPointer { firstBytes in
            var offset = start
            while offset < text.count {
                if !firstBytes[Int(text[offset])] {
                    offset += 1
                    continue
                }
                if let match = longestMatch(text, at: offset, from: start, isTrusted) {
                    return match
                }
                offset += 1
            }
            return nil
        }
    }

    private func longestMatch(
        _ text: UnsafeBufferPointer<UInt8>, at start: Int, from lowest: Int,
        _ isTrusted: (Range<Int>) -> Bool
    ) -> Match? {
        var best: Match?
        var node = trie.root
        var end = start
        while end < text.count, let child = trie.child(of: node, text[end]) {
            node = child
            end += 1
            guard let id = trie.value(of: node), let token = tokens[id] else { continue }
            if token.isControl, !isTrusted(start..<end) { continue }
            if token.isSingleWord, !isWord(text, start..<end) { continue }
            best = Match(range: start..<end, id: id)
        }
        guard var match = best, let token = tokens[match.id] else { return nil }
        if token.stripsLeft { match.range = spaceStart(text, match.range, lowest) }
        if token.stripsRight { match.range = spaceEnd(text, match.range) }
        return match
    }

    /// Whether no letter, digit or underscore touches the range.
    private func isWord(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        guard let base = text.baseAddress else { return false }
        let word = CharacterClass.word
        if range.upperBound < text.count,
            classes.contains(decodeScalar(base, range.upperBound).scalar, word)
        {
            return false
        }
        if range.lowerBound > 0 {
            let before = scalarStart(base, before: range.lowerBound)
            if classes.contains(decodeScalar(base, before).scalar, word) { return false }
        }
        return true
    }

    private func spaceStart(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ lowest: Int
    ) -> Range<Int> {
        guard let base = text.baseAddress else { return range }
        var start = range.lowerBound
        while start > lowest {
            let before = scalarStart(base, before: start)
            guard classes.contains(decodeScalar(base, before).scalar, .whitespace) else { break }
            start = before
        }
        return start..<range.upperBound
    }

    private func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Range<Int> {
        guard let base = text.baseAddress else { return range }
        var end = range.upperBound
        while end < text.count {
            let (scalar, length) = decodeScalar(base, end)
            guard classes.contains(scalar, .whitespace) else { break }
            end += length
        }
        return range.lowerBound..<end
    }
}
