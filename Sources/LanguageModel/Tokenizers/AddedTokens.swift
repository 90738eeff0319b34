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
        /// Where the token itself ends and the next may begin: within white space after it,
        /// tokens of white space are found again.
        var end: Int
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
    ///
    /// - Parameter lowest: up to where the text is taken already.
    func firstMatch(
        _ text: UnsafeBufferPointer<UInt8>, from start: Int, lowest: Int,
        isTrusted: (Range<Int>) -> Bool
    ) -> Match? {
        firstBytes.withUnsafeBufferPointer { firstBytes in
            var offset = start
            while offset < text.count {
                if !firstBytes[Int(text[offset])] {
                    offset += 1
                    continue
                }
                guard let match = longestMatch(text, at: offset, isTrusted),
                    let token = tokens[match.id]
                else {
                    offset += 1
                    continue
                }
                // A token that is no word here hides what begins within it.
                if token.isSingleWord, !isWord(text, match.range) {
                    offset = match.end
                    continue
                }
                return withSpace(match, of: token, text, lowest)
            }
            return nil
        }
    }

    private func longestMatch(
        _ text: UnsafeBufferPointer<UInt8>, at start: Int, _ isTrusted: (Range<Int>) -> Bool
    ) -> Match? {
        var best: Match?
        var node = trie.root
        var end = start
        while end < text.count, let child = trie.child(of: node, text[end]) {
            node = child
            end += 1
            guard let id = trie.value(of: node), let token = tokens[id] else { continue }
            if token.isControl, !isTrusted(start..<end) { continue }
            best = Match(range: start..<end, id: id, end: end)
        }
        return best
    }

    private func withSpace(
        _ match: Match, of token: VocabularyDescription.AddedToken,
        _ text: UnsafeBufferPointer<UInt8>, _ lowest: Int
    ) -> Match {
        var match = match
        if token.stripsLeft { match.range = spaceStart(text, match.range, lowest) }
        if token.stripsRight { match.range = spaceEnd(text, match.range) }
        return match
    }

    /// Whether no letter, digit or underscore touches the range.
    private func isWord(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        guard let base = text.baseAddress else { return false }
        func isInWord(_ place: Int) -> Bool {
            ScalarSet.joinedWord.contains(decodeScalar(base, place).scalar, classes)
        }
        if range.upperBound < text.count, isInWord(range.upperBound) { return false }
        return range.lowerBound == 0 || !isInWord(scalarStart(base, before: range.lowerBound))
    }

    private func spaceStart(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ lowest: Int
    ) -> Range<Int> {
        guard let base = text.baseAddress else { return range }
        var start = max(range.lowerBound, lowest)
        while start > lowest {
            let before = scalarStart(base, before: start)
            guard classes.contains(decodeScalar(base, before).scalar, .whitespace) else { break }
            start = before
        }
        return start..<max(start, range.upperBound)
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
