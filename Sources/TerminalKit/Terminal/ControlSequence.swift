/// A complete CSI or SS3 sequence, and the key, mouse or focus event that it stands for in the
/// dialects of xterm, rxvt, the Linux console, kitty and modifyOtherKeys.
struct ControlSequence {
    private let marker: UInt8?
    /// Each parameter with its sub-parameters; -1 where left out.
    private let numbers: [[Int]]
    private let final: UInt8

    init(parameters: [UInt8], final: UInt8) {
        var digits = parameters[...]
        if let first = digits.first, (0x3c...0x3f).contains(first) {
            marker = first
            digits = digits.dropFirst()
        } else {
            marker = nil
        }
        // Intermediate bytes, such as the $ of a report of a mode, end the numbers.
        digits = digits.prefix { $0 >= 0x30 }
        numbers = digits.split(separator: 0x3b, omittingEmptySubsequences: false).map { part in
            part.split(separator: 0x3a, omittingEmptySubsequences: false).map { text in
                // A number of more digits than fit means nothing to us.
                Int(String(decoding: text, as: UTF8.self)) ?? -1
            }
        }
        self.final = final
    }

    private func number(_ index: Int, _ missing: Int = 1) -> Int {
        guard index < numbers.count, let value = numbers[index].first, value >= 0 else {
            return missing
        }
        return value
    }

    /// xterm codes modifiers as 1 + a sum of bits.
    private func modifiers(_ index: Int) -> Key.Modifiers {
        Key.Modifiers(rawValue: UInt8(max(0, number(index) - 1) & 7))
    }

    /// The event of a CSI sequence; nil for reports that mean nothing to us.
    func event(bytes: [UInt8]) -> InputEvent? {
        if marker == 0x3c {
            guard final == 0x4d || final == 0x6d, numbers.count == 3 else { return nil }
            return InputTokenizer.mouse(
                code: number(0, 0), column: number(1) - 1, row: number(2) - 1,
                isRelease: final == 0x6d
            ).map { .mouse($0) }
        }
        // The answer to our question for mode 1004, set or not: the focus will be reported, and
        // where the program has just come to the screen it is here. 0 is a mode unknown.
        if marker == 0x3f, final == 0x79, number(0) == 1004 {
            return (1...2).contains(number(1, 0)) ? .focus(true) : nil
        }
        guard marker == nil else { return nil }
        switch UnicodeScalar(final) {
        case "I": return numbers.count <= 1 ? .focus(true) : nil
        case "O": return numbers.count <= 1 ? .focus(false) : nil
        case "Z": return .key(Key(.backtab, modifiers: modifiers(1), bytes: bytes))
        case "~" where number(0) == 27 && numbers.count == 3:
            return character(number(2), modifiers(1), bytes).map { .key($0) }
        case "~", "^", "$", "@":
            guard let code = Self.numbered[number(0)] else { return unknown(bytes) }
            var modifiers = modifiers(1)
            if final == 0x5e || final == 0x40 { modifiers.insert(.control) }
            if final == 0x24 || final == 0x40 { modifiers.insert(.shift) }
            return .key(Key(code, modifiers: modifiers, bytes: bytes))
        case "u":
            // kitty reports releases as well when asked to; we never ask.
            if numbers.count > 1, numbers[1].count > 1, numbers[1][1] == 3 { return nil }
            return character(number(0, 0), modifiers(1), bytes).map { .key($0) }
        case "a", "b", "c", "d":
            guard numbers.count <= 1, number(0, 0) == 0 else { return nil }
            let codes: [Key.Code] = [.up, .down, .right, .left]
            return .key(Key(codes[Int(final) - 0x61], modifiers: .shift, bytes: bytes))
        default:
            guard let code = Self.lettered[final] else { return unknown(bytes) }
            return .key(Key(code, modifiers: modifiers(1), bytes: bytes))
        }
    }

    /// The key of an SS3 sequence, as keypads and application mode send it.
    func shiftedKey(_ bytes: [UInt8]) -> Key? {
        let modifiers = modifiers(numbers.count - 1)
        if let code = Self.lettered[final] { return Key(code, modifiers: modifiers, bytes: bytes) }
        switch UnicodeScalar(final) {
        case "M": return Key(.enter, modifiers: modifiers, bytes: [0x0d])
        case "a", "b", "c", "d":
            let codes: [Key.Code] = [.up, .down, .right, .left]
            return Key(codes[Int(final) - 0x61], modifiers: .control, bytes: bytes)
        case "j"..."y":
            // The keypad's digits and signs: * + , - . / 0 to 9.
            return InputTokenizer.plainKey(final - 0x40)
        case "X": return InputTokenizer.plainKey(0x3d)
        default: return Key(.unknown, modifiers: modifiers, bytes: bytes)
        }
    }

    private func unknown(_ bytes: [UInt8]) -> InputEvent? {
        // Reports, such as the cursor's place or the terminal's attributes, are not keys.
        let isReport = [0x63, 0x6e, 0x74, 0x78, 0x79].contains(final)
        return isReport ? nil : .key(Key(.unknown, modifiers: modifiers(1), bytes: bytes))
    }

    /// A key given by its code point, with the bytes that a plain terminal would have sent.
    private func character(_ value: Int, _ modifiers: Key.Modifiers, _ bytes: [UInt8]) -> Key? {
        switch value {
        case 13, 57414: return special(.enter, 0x0d, modifiers)
        case 9:
            return modifiers.contains(.shift)
                ? Key(
                    .backtab, modifiers: modifiers.subtracting(.shift),
                    bytes: Array("\u{1b}[Z".utf8))
                : special(.tab, 0x09, modifiers)
        case 27: return special(.escape, 0x1b, modifiers)
        case 8, 127: return special(.backspace, 0x7f, modifiers)
        case 57358...57454: return nil
        default: break
        }
        guard value >= 32, let scalar = UInt32(exactly: value).flatMap(Unicode.Scalar.init) else {
            return nil
        }
        var character = Character(scalar)
        var modifiers = modifiers
        if modifiers.contains(.shift), character.isLetter {
            // kitty names the key without Shift.
            let upper = character.uppercased()
            if upper.count == 1 { character = Character(upper) }
        }
        modifiers.remove(.shift)
        var legacy = Array(String(character).utf8)
        if modifiers.contains(.control) {
            let lower = character.lowercased()
            if lower.count == 1 { character = Character(lower) }
            switch character.asciiValue {
            case .some(let byte) where (0x61...0x7a).contains(byte): legacy = [byte - 0x60]
            case .some(let byte) where (0x5b...0x5f).contains(byte): legacy = [byte - 0x40]
            case 0x20, 0x32, 0x40: legacy = [0]
            default: break
            }
            // Control and a letter that is an editing key of its own stays that key.
            if legacy == [0x1b] { return Key(.escape, modifiers: modifiers, bytes: legacy) }
        }
        if modifiers.contains(.alt) { legacy.insert(0x1b, at: 0) }
        return Key(.character(character), modifiers: modifiers, bytes: legacy)
    }

    private func special(_ code: Key.Code, _ byte: UInt8, _ modifiers: Key.Modifiers) -> Key {
        Key(code, modifiers: modifiers, bytes: modifiers.contains(.alt) ? [0x1b, byte] : [byte])
    }

    private static let lettered: [UInt8: Key.Code] = [
        0x41: .up, 0x42: .down, 0x43: .right, 0x44: .left, 0x46: .end, 0x48: .home,
        0x50: .function(1), 0x51: .function(2), 0x52: .function(3), 0x53: .function(4),
    ]

    private static let numbered: [Int: Key.Code] = {
        var codes: [Int: Key.Code] = [
            1: .home, 2: .insert, 3: .delete, 4: .end, 5: .pageUp, 6: .pageDown, 7: .home,
            8: .end,
        ]
        let functions = [
            11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34,
        ]
        for (index, number) in functions.enumerated() { codes[number] = .function(index + 1) }
        return codes
    }()
}
