/// A colour of the theme's palette: an xterm 256-colour index, or the terminal's own.
public enum Color: Sendable, Equatable, Hashable {
    case terminal
    case indexed(UInt8)
}

/// How a cell looks.
public struct Style: Sendable, Equatable, Hashable {
    public struct Attributes: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let bold = Attributes(rawValue: 1)
        public static let dim = Attributes(rawValue: 2)
        public static let italic = Attributes(rawValue: 4)
        public static let underline = Attributes(rawValue: 8)
        public static let reverse = Attributes(rawValue: 16)
        public static let strikethrough = Attributes(rawValue: 32)
    }

    public var foreground: Color
    public var background: Color
    public var attributes: Attributes

    public init(
        foreground: Color = .terminal, background: Color = .terminal,
        attributes: Attributes = []
    ) {
        self.foreground = foreground
        self.background = background
        self.attributes = attributes
    }

    public static let plain = Style()
}

/// One column of the screen. A wide character stands in its first cell; the second is a
/// continuation with an empty text.
public struct Cell: Sendable, Equatable {
    /// A grapheme cluster made fit for display, or empty for a continuation.
    public var text: String
    public var style: Style

    public init(_ text: String = " ", style: Style = .plain) {
        self.text = text
        self.style = style
    }

    public static let blank = Cell()
}
