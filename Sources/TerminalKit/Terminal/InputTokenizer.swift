/// Cuts the bytes that a terminal sends into complete events: one character, one key, one mouse
/// report, one whole paste. Bytes may be split anywhere between calls.
///
/// Nothing here reads a clock. A lone Escape cannot be told from the beginning of a sequence, so
/// the caller waits ``patience`` after the last byte and then calls ``flush()``.
public struct InputTokenizer: Sendable {
    /// How long to wait for the rest of what has begun.
    public enum Patience: Sendable, Equatable {
        /// Nothing has begun, or it is sure to go on.
        case none
        /// Escape, or Escape and a character that might begin a sequence.
        case escape
        /// In the middle of a sequence; only a broken one or a slow line stops here.
        case sequence
    }

    /// Bytes of a paste that are kept; more is dropped.
    public static let pasteLimit = 1 << 20
    /// A sequence longer than this is no sequence.
    private static let sequenceLimit = 4096
    private static let pasteEnd: [UInt8] = Array("\u{1b}[201~".utf8)

    private var buffer: [UInt8] = []
    private var next = 0
    /// What was pasted so far, while in a paste.
    private var paste: [UInt8]?

    public init() {}

    public var patience: Patience {
        if paste != nil { return .none }
        switch buffer.count {
        case 0: return .none
        case _ where buffer[0] != 0x1b: return .none
        case 1, 2: return .escape
        default: return .sequence
        }
    }

    /// Takes bytes, and returns the events that are complete with them.
    public mutating func feed(_ bytes: some Sequence<UInt8>) -> [InputEvent] {
        buffer.append(contentsOf: bytes)
        return drain()
    }

    /// Takes what has begun for complete: Escape for Escape, Escape and a character for Alt and
    /// that character. A broken sequence is dropped.
    public mutating func flush() -> [InputEvent] {
        guard paste == nil, buffer.first == 0x1b else { return [] }
        var events: [InputEvent] = []
        if buffer.count == 1 {
            events.append(.key(Key(.escape, bytes: [0x1b])))
            buffer.removeAll()
        } else if buffer[1] == 0x1b {
            events.append(.key(Key(.escape, bytes: [0x1b])))
            buffer.removeFirst()
            events += drain()
            if !buffer.isEmpty { events += flush() }
        } else if buffer[1] >= 0x80 {
            buffer.removeAll()
        } else if buffer.count > 2, buffer[1] == 0x5b || buffer[1] == 0x4f {
            buffer.removeAll()
        } else {
            // Alt and a character that begins strings, then perhaps typed text.
            let rest = Array(buffer[2...])
            let key = Self.plainKey(buffer[1])
            buffer.removeAll()
            events.append(.key(Self.alt(key)))
            events += feed(rest)
        }
        return events
    }

    private enum Step {
        case event(InputEvent)
        /// Complete, but it means nothing to us.
        case skip
        case incomplete
    }

    private mutating func drain() -> [InputEvent] {
        var events: [InputEvent] = []
        next = 0
        scan: while true {
            if paste != nil {
                guard let text = continuePaste() else { break }
                events.append(.paste(text))
                continue
            }
            guard next < buffer.count else { break }
            let start = next
            switch step() {
            case .event(let event): events.append(event)
            case .skip: break
            case .incomplete:
                next = start
                break scan
            }
        }
        buffer.removeFirst(next)
        next = 0
        return events
    }

    private mutating func step() -> Step {
        let byte = buffer[next]
        if byte == 0x1b { return escape() }
        if byte < 0x80 {
            next += 1
            return .event(.key(Self.plainKey(byte)))
        }
        guard let (character, length) = decodeUTF8(at: next) else { return .incomplete }
        let bytes = Array(buffer[next..<next + length])
        next += length
        guard let character else {
            return .event(.key(Key(.character("\u{FFFD}"), bytes: [0xef, 0xbf, 0xbd])))
        }
        return .event(.key(Key(.character(character), bytes: bytes)))
    }

    /// A character and its length; no character where the bytes are not UTF-8 or a C1 control;
    /// nil where more bytes must come.
    private func decodeUTF8(at start: Int) -> (Character?, Int)? {
        let first = buffer[start]
        let length: Int
        switch first {
        case 0xc2...0xdf: length = 2
        case 0xe0...0xef: length = 3
        case 0xf0...0xf4: length = 4
        default: return (nil, 1)
        }
        var value = UInt32(first) & (0xff >> UInt32(length + 1))
        for offset in 1..<length {
            guard start + offset < buffer.count else { return nil }
            let byte = buffer[start + offset]
            guard byte & 0xc0 == 0x80 else { return (nil, offset) }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        let smallest: [UInt32] = [0, 0, 0x80, 0x800, 0x10000]
        guard value >= smallest[length], value >= 0xa0, let scalar = Unicode.Scalar(value) else {
            return (nil, length)
        }
        return (Character(scalar), length)
    }

    /// What begins with Escape at ``next``.
    private mutating func escape() -> Step {
        guard next + 1 < buffer.count else { return .incomplete }
        let second = buffer[next + 1]
        switch second {
        case 0x5b: return controlSequence(from: next + 2, isAlt: false)
        case 0x4f: return singleShift(from: next + 2, isAlt: false)
        case 0x5d, 0x50, 0x58, 0x5e, 0x5f: return controlString(from: next + 2)
        case 0x1b:
            guard next + 2 < buffer.count else { return .incomplete }
            switch buffer[next + 2] {
            case 0x5b: return controlSequence(from: next + 3, isAlt: true)
            case 0x4f: return singleShift(from: next + 3, isAlt: true)
            default:
                next += 1
                return .event(.key(Key(.escape, bytes: [0x1b])))
            }
        default:
            next += 1
            switch step() {
            case .event(.key(let key)): return .event(.key(Self.alt(key)))
            case let other: return other
            }
        }
    }

    private mutating func controlSequence(from start: Int, isAlt: Bool) -> Step {
        var index = start
        // The Linux console's F1 to F5: ESC [ [ A.
        if index < buffer.count, buffer[index] == 0x5b {
            guard index + 1 < buffer.count else { return .incomplete }
            let letter = Int(buffer[index + 1])
            let bytes = take(through: index + 1)
            guard (0x41...0x45).contains(letter) else { return .skip }
            return .event(.key(Key(.function(letter - 0x40), bytes: bytes)))
        }
        while index < buffer.count, (0x20...0x3f).contains(buffer[index]) {
            // rxvt's Shift: ESC [ 7 $.
            if buffer[index] == 0x24, index > start,
                buffer[start..<index].allSatisfy({ (0x30...0x39).contains($0) })
            {
                break
            }
            index += 1
            if index - start > Self.sequenceLimit {
                next = index
                return .skip
            }
        }
        guard index < buffer.count else { return .incomplete }
        let final = buffer[index]
        guard (0x40...0x7e).contains(final) || final == 0x24 else {
            // A control or a byte of UTF-8 inside: the sequence is broken off there.
            next = index
            return .skip
        }
        let parameters = Array(buffer[start..<index])
        if final == 0x4d, parameters.isEmpty {
            guard index + 3 < buffer.count else { return .incomplete }
            let (code, x, y) = (buffer[index + 1], buffer[index + 2], buffer[index + 3])
            _ = take(through: index + 3)
            return Self.mouse(
                code: Int(code) - 32, column: Int(x) - 33, row: Int(y) - 33,
                isRelease: code & 3 == 3 && code & 0x60 == 0x20
            )
            .map { .event(.mouse($0)) } ?? .skip
        }
        let bytes = take(through: index)
        if final == 0x7e, parameters.elementsEqual("200".utf8) {
            paste = []
            return .skip
        }
        guard let event = ControlSequence(parameters: parameters, final: final).event(bytes: bytes)
        else { return .skip }
        if isAlt, case .key(let key) = event { return .event(.key(Self.alt(key, bytes: bytes))) }
        return .event(event)
    }

    private mutating func singleShift(from start: Int, isAlt: Bool) -> Step {
        var index = start
        while index < buffer.count, (0x30...0x3b).contains(buffer[index]), index - start < 8 {
            index += 1
        }
        guard index < buffer.count else { return .incomplete }
        let final = buffer[index]
        guard (0x40...0x7e).contains(final) else {
            // Alt and O, then something else.
            let key = Self.plainKey(0x4f)
            next = start
            return .event(.key(Self.alt(key)))
        }
        let parameters = Array(buffer[start..<index])
        let bytes = take(through: index)
        guard let key = ControlSequence(parameters: parameters, final: final).shiftedKey(bytes)
        else { return .skip }
        return .event(.key(isAlt ? Self.alt(key, bytes: bytes) : key))
    }

    /// OSC, DCS, SOS, PM and APC: replies that nobody asked for, up to their end.
    private mutating func controlString(from start: Int) -> Step {
        var index = start
        while index < buffer.count {
            if buffer[index] == 0x07 || buffer[index] == 0x18 || buffer[index] == 0x1a {
                next = index + 1
                return .skip
            }
            if buffer[index] == 0x1b {
                guard index + 1 < buffer.count else { return .incomplete }
                next = buffer[index + 1] == 0x5c ? index + 2 : index
                return .skip
            }
            index += 1
            if index - start > Self.pasteLimit {
                next = index
                return .skip
            }
        }
        return .incomplete
    }

    private mutating func take(through last: Int) -> [UInt8] {
        defer { next = last + 1 }
        return Array(buffer[next...last])
    }

    /// Moves bytes to the paste; its text once the end has come.
    private mutating func continuePaste() -> String? {
        let end = Self.pasteEnd
        var index = next
        while index < buffer.count {
            if buffer[index] == 0x1b {
                let available = buffer[index..<min(index + end.count, buffer.count)]
                if available.elementsEqual(end) {
                    let text = Self.clean(paste ?? [])
                    paste = nil
                    next = index + end.count
                    return text
                }
                if end.starts(with: available) { break }
            }
            if (paste?.count ?? 0) < Self.pasteLimit { paste?.append(buffer[index]) }
            index += 1
        }
        next = index
        return nil
    }

    /// UTF-8 with LF line ends, tabs, and no other controls.
    static func clean(_ bytes: [UInt8]) -> String {
        var result = ""
        var previous: Unicode.Scalar = "\0"
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            defer { previous = scalar }
            switch scalar.value {
            case 0x0d: result.unicodeScalars.append("\n")
            case 0x0a: if previous != "\r" { result.unicodeScalars.append("\n") }
            case 0x09: result.unicodeScalars.append("\t")
            case 0..<0x20, 0x7f..<0xa0: break
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The key of an ASCII byte.
    static func plainKey(_ byte: UInt8) -> Key {
        switch byte {
        case 0x0d: Key(.enter, bytes: [byte])
        case 0x09: Key(.tab, bytes: [byte])
        case 0x08, 0x7f: Key(.backspace, bytes: [byte])
        case 0x1b: Key(.escape, bytes: [byte])
        case 0x00: Key(.character(" "), modifiers: .control, bytes: [byte])
        case 0x01...0x1a:
            Key(
                .character(Character(UnicodeScalar(byte + 0x60))), modifiers: .control,
                bytes: [byte])
        case 0x1c...0x1f:
            Key(
                .character(Character(UnicodeScalar(byte + 0x40))), modifiers: .control,
                bytes: [byte])
        default: Key(.character(Character(UnicodeScalar(byte))), bytes: [byte])
        }
    }

    private static func alt(_ key: Key, bytes: [UInt8]? = nil) -> Key {
        Key(
            key.code, modifiers: key.modifiers.union(.alt), bytes: bytes ?? [0x1b] + key.bytes)
    }

    /// A mouse report in xterm's coding of buttons; nil for what we do not use.
    static func mouse(code: Int, column: Int, row: Int, isRelease: Bool) -> MouseEvent? {
        guard column >= 0, row >= 0 else { return nil }
        let button = code & 3
        if code & 64 != 0 {
            guard button < 2 else { return nil }
            return MouseEvent(
                kind: button == 0 ? .wheelUp : .wheelDown, button: 0, column: column, row: row)
        }
        if isRelease {
            return MouseEvent(
                kind: .release, button: button == 3 ? 0 : button + 1, column: column, row: row)
        }
        if code & 32 != 0 {
            guard button < 3 else { return nil }
            return MouseEvent(kind: .drag, button: button + 1, column: column, row: row)
        }
        return MouseEvent(kind: .press, button: button + 1, column: column, row: row)
    }
}
