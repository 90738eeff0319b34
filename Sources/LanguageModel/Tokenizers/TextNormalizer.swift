import Foundation

/// A change made to text before it is cut into words.
enum TextNormalizer: Sendable {
    case form(UnicodeForm)
    case lowercase
    case replace(SplitPattern, with: [UInt8])
    case prepend([UInt8])
    case strip(left: Bool, right: Bool)
    /// Bytes written in GPT-2's alphabet.
    case byteLetters
    /// Removes marks that combine with a letter.
    case stripAccents
    /// Removes control characters; other white space becomes spaces.
    case nmt
    case charsMap(SentencePieceCharsMap)
    /// SentencePiece's rules for spaces, after its table of characters.
    case sentencePiece(SentencePieceRules)

    enum UnicodeForm: Sendable { case nfc, nfd, nfkc, nfkd }

    struct SentencePieceRules: Sendable {
        var charsMap: SentencePieceCharsMap?
        var addsSpacePrefix: Bool
        var mergesSpaces: Bool
        /// Texts that pass unchanged: the user-defined tokens.
        var kept = ByteTrie()
    }

    func applied(to text: [UInt8]) -> [UInt8] {
        switch self {
        case .form(let form): return Self.converted(text, to: form)
        case .lowercase:
            return Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
        case .replace(let pattern, let replacement):
            return Self.replacing(pattern, in: text, with: replacement)
        case .prepend(let prefix): return text.isEmpty ? text : prefix + text
        case .strip(let left, let right): return Self.stripped(text, left, right)
        case .stripAccents:
            var result = String.UnicodeScalarView()
            for scalar in String(decoding: text, as: UTF8.self).unicodeScalars
            where !Self.isMark(scalar) { result.append(scalar) }
            return Array(String(result).utf8)
        case .nmt:
            var result = String.UnicodeScalarView()
            for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
                switch scalar.value {
                case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
                case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581,
                    0xFEFF, 0xFFFD:
                    result.append(" ")
                default: result.append(scalar)
                }
            }
            return Array(String(result).utf8)
        case .byteLetters:
            var result: [UInt8] = []
            text.withUnsafeBufferPointer { ByteAlphabet.encode($0, into: &result) }
            return result
        case .charsMap(let map): return map.appliedByCharacter(to: text)
        case .sentencePiece(let rules): return rules.applied(to: text)
        }
    }

    private static func converted(_ text: [UInt8], to form: UnicodeForm) -> [UInt8] {
        // ASCII is the same in every form.
        if text.allSatisfy({ $0 < 0x80 }) { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var run = String.UnicodeScalarView()
        func finishRun() {
            result.append(contentsOf: converted(String(run), to: form).utf8)
            run.removeAll(keepingCapacity: true)
        }
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            // Characters newer than the library's tables stay as they are.
            if scalar.value >= 0xA7C0, let age = scalar.properties.age, age.major > unicodeVersion {
                finishRun()
                result.append(contentsOf: String(scalar).utf8)
            } else {
                run.append(scalar)
            }
        }
        finishRun()
        return result
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark:
            scalar.properties.age.map { $0.major <= markVersion } ?? true
        default: false
        }
    }

    /// The version of its table of marks.
    private static let markVersion = 9

    /// The version of the `tokenizers` library's normalization tables.
    private static let unicodeVersion = 11

    private static func converted(_ text: String, to form: UnicodeForm) -> String {
        switch form {
        case .nfc: text.precomposedStringWithCanonicalMapping
        case .nfd: text.decomposedStringWithCanonicalMapping
        case .nfkc: text.precomposedStringWithCompatibilityMapping
        case .nfkd: text.decomposedStringWithCompatibilityMapping
        }
    }

    private static func replacing(
        _ pattern: SplitPattern, in text: [UInt8], with replacement: [UInt8]
    ) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        if case .literal(let literal) = pattern, literal.count == 1 {
            for byte in text {
                if byte == literal[0] {
                    result.append(contentsOf: replacement)
                } else {
                    result.append(byte)
                }
            }
            return result
        }
        var search = ScalarRegex.Search()
        text.withUnsafeBufferPointer { text in
            var start = 0
            var from = 0
            while from <= text.count,
                let match = pattern.firstMatch(text, from: from, &search, .shared)
            {
                result.append(contentsOf: text[start..<match.lowerBound])
                result.append(contentsOf: replacement)
                start = match.upperBound
                from = match.upperBound
                if match.isEmpty {
                    guard from < text.count else { break }
                    from += scalarLength(text[from])
                }
            }
            if start < text.count { result.append(contentsOf: text[start...]) }
        }
        return result
    }

    private static func stripped(_ text: [UInt8], _ left: Bool, _ right: Bool) -> [UInt8] {
        text.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return [] }
            let classes = CharacterClasses.shared
            var start = 0
            var end = buffer.count
            while left, start < end {
                let (scalar, length) = decodeScalar(base, start)
                guard classes.contains(scalar, .whitespace) else { break }
                start += length
            }
            while right, end > start {
                let last = scalarStart(base, before: end)
                guard classes.contains(decodeScalar(base, last).scalar, .whitespace) else { break }
                end = last
            }
            return Array(buffer[start..<end])
        }
    }
}

extension [TextNormalizer] {
    func applied(to text: [UInt8]) -> [UInt8] {
        reduce(text) { $1.applied(to: $0) }
    }

    /// Whether they leave something of the text's first character.
    func keepsStart(of text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = text.first else { return true }
        return !applied(to: [UInt8](text.prefix(scalarLength(first)))).isEmpty
    }
}

/// SentencePiece's table of characters to replace: a compact double array
/// (https://github.com/s-yata/darts-clone) and the replacements, each ended by a zero.
struct SentencePieceCharsMap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

    /// Nil where the blob is too short for what it says.
    init?(_ blob: [UInt8]) {
        guard blob.count >= 4 else { return nil }
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(blob[offset + $1]) << UInt32($1 * 8) }
        }
        let size = Int(word(0))
        guard size <= blob.count - 4, size % 4 == 0, size > 0 else { return nil }
        units = (0..<size / 4).map { word(4 + $0 * 4) }
        replacements = Array(blob[(4 + size)...])
    }

    /// Every prefix of the text that is in the table, shortest first, with what replaces it.
    private func forEachPrefix(_ text: ArraySlice<UInt8>, _ body: (Int, Int) -> Bool) {
        func base(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
        var node = base(units[0])
        for (offset, byte) in text.enumerated() {
            guard byte != 0 else { return }
            node ^= Int(byte)
            guard node < units.count, units[node] & (1 << 31 | 0xFF) == UInt32(byte) else { return }
            let hasLeaf = units[node] >> 8 & 1 != 0
            node ^= base(units[node])
            guard node < units.count else { return }
            if hasLeaf, !body(offset + 1, Int(units[node] & 0x7FFF_FFFF)) { return }
        }
    }

    private func replacement(at index: Int) -> ArraySlice<UInt8>? {
        guard index < replacements.count else { return nil }
        let end = replacements[index...].firstIndex(of: 0) ?? replacements.count
        return replacements[index..<end]
    }

    /// The longest prefix that is in the table and what replaces it.
    func longestPrefix(of text: ArraySlice<UInt8>) -> (count: Int, text: ArraySlice<UInt8>)? {
        var found: (Int, Int)?
        forEachPrefix(text) { count, index in
            found = (count, index)
            return true
        }
        guard let found, let text = replacement(at: found.1) else { return nil }
        return (found.0, text)
    }

    private func shortestPrefix(of text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var found: Int?
        forEachPrefix(text) { _, index in
            found = index
            return false
        }
        return found.flatMap { replacement(at: $0) }
    }

    /// Valid UTF-8, whatever a damaged table wrote: all that reads text later relies on it.
    static func repaired(_ text: [UInt8]) -> [UInt8] {
        Array(String(decoding: text, as: UTF8.self).utf8)
    }

    /// As the `tokenizers` library applies it: to each user-perceived character of less than
    /// six bytes, else to its scalars; the shortest prefix in the table decides.
    func appliedByCharacter(to text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for character in String(decoding: text, as: UTF8.self) {
            let bytes = Array(character.utf8)
            if bytes.count < 6, let replacement = shortestPrefix(of: bytes[...]) {
                result.append(contentsOf: replacement)
                continue
            }
            for scalar in character.unicodeScalars {
                let bytes = Array(String(scalar).utf8)
                result.append(contentsOf: shortestPrefix(of: bytes[...]) ?? bytes[...])
            }
        }
        return Self.repaired(result)
    }
}

extension TextNormalizer.SentencePieceRules {
    /// As SentencePiece itself applies its table, longest prefix first, and marks spaces.
    func applied(to text: [UInt8]) -> [UInt8] {
        let mark = Array("▁".utf8)
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        var hasPrefix = false
        var isInWord = false
        func write(_ piece: ArraySlice<UInt8>) {
            for byte in piece {
                if byte == 0x20 {
                    isInWord = false
                    if !mergesSpaces { result.append(contentsOf: mark) }
                    continue
                }
                if !isInWord {
                    isInWord = true
                    if (addsSpacePrefix && !hasPrefix) || mergesSpaces {
                        result.append(contentsOf: mark)
                        hasPrefix = true
                    }
                }
                result.append(byte)
            }
        }
        var offset = 0
        while offset < text.count {
            if let length = keptPrefix(text[offset...]) {
                write(text[offset..<offset + length])
                offset += length
            } else if let (count, replacement) = charsMap?.longestPrefix(of: text[offset...]) {
                write(replacement)
                offset += count
            } else {
                let length = min(scalarLength(text[offset]), text.count - offset)
                write(text[offset..<offset + length])
                offset += length
            }
        }
        return charsMap == nil ? result : SentencePieceCharsMap.repaired(result)
    }

    private func keptPrefix(_ text: ArraySlice<UInt8>) -> Int? {
        var node = kept.root
        var longest: Int?
        for (index, byte) in text.enumerated() {
            guard let child = kept.child(of: node, byte) else { break }
            node = child
            if kept.value(of: node) != nil { longest = index + 1 }
        }
        return longest
    }
}
