/// One complete thing a person did at the terminal.
public enum InputEvent: Sendable, Equatable {
    case key(Key)
    /// A bracketed paste, whole, with LF line ends and, but for tabs, no other controls.
    case paste(String)
    case resize(columns: Int, rows: Int)
    case mouse(MouseEvent)
    case focus(Bool)
}

/// A key with its modifiers, and the bytes that came, which is what readline is fed.
public struct Key: Sendable, Equatable {
    public enum Code: Sendable, Equatable, Hashable {
        case character(Character)
        case enter, tab, backtab, escape, backspace, delete, insert
        case up, down, left, right, home, end, pageUp, pageDown
        case function(Int)
        case unknown
    }

    public struct Modifiers: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let shift = Modifiers(rawValue: 1)
        public static let alt = Modifiers(rawValue: 2)
        public static let control = Modifiers(rawValue: 4)
    }

    public var code: Code
    public var modifiers: Modifiers
    public var bytes: [UInt8]

    public init(_ code: Code, modifiers: Modifiers = [], bytes: [UInt8] = []) {
        self.code = code
        self.modifiers = modifiers
        self.bytes = bytes
    }
}

public struct MouseEvent: Sendable, Equatable {
    public enum Kind: Sendable, Equatable { case press, release, drag, wheelUp, wheelDown }
    public var kind: Kind
    public var button: Int
    /// From 0.
    public var column: Int
    public var row: Int

    public init(kind: Kind, button: Int, column: Int, row: Int) {
        self.kind = kind
        self.button = button
        self.column = column
        self.row = row
    }
}
