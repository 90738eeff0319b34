import TerminalKit

/// A key with its modifiers, without the bytes it came as: what a key map binds.
public struct KeyChord: Sendable, Hashable {
    public var code: Key.Code
    public var modifiers: Key.Modifiers

    public init(_ code: Key.Code, _ modifiers: Key.Modifiers = []) {
        self.code = code
        self.modifiers = modifiers
        // A shifted character is the character itself: terminals do not tell them apart.
        if case .character = code { self.modifiers.remove(.shift) }
    }

    init(_ key: Key) {
        self.init(key.code, key.modifiers)
    }

    static func character(_ character: Character) -> KeyChord { KeyChord(.character(character)) }
    static func control(_ character: Character) -> KeyChord {
        KeyChord(.character(character), .control)
    }
    static func alt(_ character: Character) -> KeyChord { KeyChord(.character(character), .alt) }
    static func function(_ number: Int) -> KeyChord { KeyChord(.function(number)) }
}

extension KeyChord: CustomStringConvertible {
    /// As the help writes it and the configuration file may: `Alt+Enter`, `Ctrl+J`, `F5`, `K`.
    public var description: String {
        var parts: [String] = []
        if modifiers.contains(.control) { parts.append("Ctrl") }
        if modifiers.contains(.alt) { parts.append("Alt") }
        if modifiers.contains(.shift) { parts.append("Shift") }
        parts.append(codeName)
        return parts.joined(separator: "+")
    }

    private var codeName: String {
        switch code {
        case .character(" "): "Space"
        case .character(let character):
            modifiers.contains(.control) ? character.uppercased() : String(character)
        case .enter: "Enter"
        case .tab: "Tab"
        case .backtab: "Shift+Tab"
        case .escape: "Esc"
        case .backspace: "Backspace"
        case .delete: "Delete"
        case .insert: "Insert"
        case .up: "↑"
        case .down: "↓"
        case .left: "←"
        case .right: "→"
        case .home: "Home"
        case .end: "End"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .function(let number): "F\(number)"
        case .unknown: "?"
        }
    }

    private static let named: [String: Key.Code] = [
        "space": .character(" "), "enter": .enter, "return": .enter, "tab": .tab,
        "backtab": .backtab, "esc": .escape, "escape": .escape, "backspace": .backspace,
        "delete": .delete, "del": .delete, "insert": .insert, "ins": .insert, "↑": .up,
        "up": .up, "↓": .down, "down": .down, "←": .left, "left": .left, "→": .right,
        "right": .right, "home": .home, "end": .end, "pgup": .pageUp, "pageup": .pageUp,
        "pgdn": .pageDown, "pagedown": .pageDown,
    ]

    /// Reads what ``description`` writes; nil where the text names no key.
    public init?(_ text: String) {
        // "+" alone, and as the last part ("Ctrl++"), is the character itself.
        var parts = text.split(separator: "+", omittingEmptySubsequences: true).map(String.init)
        if text.hasSuffix("+") { parts.append("+") }
        guard let last = parts.popLast() else { return nil }
        var modifiers: Key.Modifiers = []
        for part in parts {
            switch part.lowercased() {
            case "ctrl", "control", "c": modifiers.insert(.control)
            case "alt", "meta", "m": modifiers.insert(.alt)
            case "shift", "s": modifiers.insert(.shift)
            default: return nil
            }
        }
        let code: Key.Code
        let lower = last.lowercased()
        if lower == "tab", modifiers.contains(.shift) {
            code = .backtab
            modifiers.remove(.shift)
        } else if let named = Self.named[lower] {
            code = named
        } else if last.count > 1, lower.hasPrefix("f"), let number = Int(lower.dropFirst()),
            (1...24).contains(number)
        {
            code = .function(number)
        } else if last.count == 1, let character = last.first {
            let isControl = modifiers.contains(.control)
            code = .character(isControl ? Character(character.lowercased()) : character)
        } else {
            return nil
        }
        self.init(code, modifiers)
    }
}
