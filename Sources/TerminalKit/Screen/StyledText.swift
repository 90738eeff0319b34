/// Text of one look.
public struct StyledRun: Sendable, Equatable, Hashable {
    public var text: String
    public var style: Style

    public init(_ text: String, style: Style = .plain) {
        self.text = text
        self.style = style
    }
}

/// Text in runs of one look each; it may hold line ends.
public struct StyledText: Sendable, Equatable, Hashable, ExpressibleByStringLiteral {
    public private(set) var runs: [StyledRun] = []

    public init() {}

    public init(_ text: String, style: Style = .plain) {
        append(text, style: style)
    }

    public init(_ runs: some Sequence<StyledRun>) {
        for run in runs { append(run.text, style: run.style) }
    }

    public init(stringLiteral value: String) {
        self.init(value)
    }

    public var isEmpty: Bool { runs.isEmpty }
    /// The text without its looks.
    public var string: String { runs.map(\.text).joined() }

    /// Appends text; an equal look goes on in the last run.
    public mutating func append(_ text: some StringProtocol, style: Style = .plain) {
        guard !text.isEmpty else { return }
        if let last = runs.indices.last, runs[last].style == style {
            runs[last].text.append(contentsOf: text)
        } else {
            runs.append(StyledRun(String(text), style: style))
        }
    }

    public mutating func append(_ other: StyledText) {
        for run in other.runs { append(run.text, style: run.style) }
    }

    public static func + (left: StyledText, right: StyledText) -> StyledText {
        var result = left
        result.append(right)
        return result
    }
}

/// One line of a screen: runs without line ends.
public struct Line: Sendable, Equatable, Hashable, ExpressibleByStringLiteral {
    public private(set) var runs: [StyledRun] = []
    /// Columns it takes.
    public private(set) var width = 0

    public init() {}

    public init(_ text: String, style: Style = .plain) {
        append(text, style: style)
    }

    public init(_ text: StyledText) {
        for run in text.runs { append(run.text, style: run.style) }
    }

    public init(stringLiteral value: String) {
        self.init(value)
    }

    public var isEmpty: Bool { runs.isEmpty }
    public var string: String { runs.map(\.text).joined() }

    /// Appends text; an equal look goes on in the last run.
    public mutating func append(_ text: some StringProtocol, style: Style = .plain) {
        append(text, style: style, width: TextWidth.width(of: text))
    }

    mutating func append(_ text: some StringProtocol, style: Style, width: Int) {
        guard !text.isEmpty else { return }
        self.width += width
        if let last = runs.indices.last, runs[last].style == style {
            runs[last].text.append(contentsOf: text)
        } else {
            runs.append(StyledRun(String(text), style: style))
        }
    }

    public mutating func append(_ other: Line) {
        for run in other.runs { append(run.text, style: run.style, width: 0) }
        width += other.width
    }

    public static func + (left: Line, right: Line) -> Line {
        var result = left
        result.append(right)
        return result
    }

    /// The line up to `columns` wide, with an ellipsis where something was cut off.
    public func truncated(columns: Int, ellipsis: String = "…") -> Line {
        guard width > columns else { return self }
        let room = columns - TextWidth.width(of: ellipsis)
        guard room >= 0 else { return Line() }
        var result = Line()
        for run in runs {
            let left = room - result.width
            let width = TextWidth.width(of: run.text)
            if width <= left {
                result.append(run.text, style: run.style, width: width)
            } else {
                let cut = TextWidth.truncate(run.text, columns: left, ellipsis: "")
                result.append(cut + ellipsis, style: run.style)
                break
            }
        }
        return result
    }

    /// The line in one look more: `change` is applied to each run's.
    public func restyled(_ change: (inout Style) -> Void) -> Line {
        var result = Line()
        for run in runs {
            var style = run.style
            change(&style)
            result.append(run.text, style: style)
        }
        return result
    }
}
