import Engine
import TerminalKit

/// Text of a message as lines of the screen.
enum ReplyText {
    /// Longer lines are hard to read, however wide the screen is.
    static let widestText = 100

    static func lines(_ text: String, width: Int, theme: Theme) -> [Line] {
        Wrap(width: max(1, min(width, widestText))).lines(text, style: theme[.text])
    }

    private static let replies = MarkdownCache()

    /// A model's text, drawn as Markdown. Of text that grows only the end is drawn again.
    static func reply(_ text: String, width: Int, theme: Theme) -> [Line] {
        replies.lines(text, width: max(1, min(width, widestText)), theme: theme)
    }

    /// Marks the word that begins after `prefix` characters of `source` in lines made from it.
    /// Where the lines do not hold the same characters (Markdown drops some), nothing is marked.
    static func marking(
        _ lines: [Line], source: String, prefix: Int, style: Style
    ) -> [Line] {
        func solid(_ text: some StringProtocol) -> Int {
            text.reduce(0) { $0 + ($1.isWhitespace ? 0 : 1) }
        }
        let total = lines.reduce(0) { $0 + solid($1.string) }
        guard total == solid(source) else { return lines }
        var skip = solid(source.prefix(prefix))
        var result = lines
        for index in lines.indices {
            let count = solid(lines[index].string)
            guard skip < count else {
                skip -= count
                continue
            }
            result[index] = marking(lines[index], skip: skip, style: style)
            break
        }
        return result
    }

    private static func marking(_ line: Line, skip: Int, style: Style) -> Line {
        var left = skip
        var isInside = false
        var isDone = false
        var result = Line()
        for run in line.runs {
            for character in run.text {
                let blank = character.isWhitespace
                if isInside, blank { (isInside, isDone) = (false, true) }
                if !isInside, !isDone, !blank {
                    if left == 0 { isInside = true } else { left -= 1 }
                }
                result.append(
                    String(character), style: isInside ? run.style.merging(style) : run.style)
            }
        }
        return result
    }
}

/// Small pieces that several views show alike.
enum Format {
    static func signed(_ value: Double) -> String {
        let text = fixed(abs(value), 2)
        return (value < 0 ? "−" : "+") + text
    }

    static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (value * scale).rounded()
        guard rounded.isFinite, abs(rounded) < 1e15 else { return "–" }
        let whole = Int64(abs(rounded))
        let sign = rounded < 0 ? "−" : ""
        guard digits > 0 else { return sign + String(whole) }
        let unit = Int64(scale)
        let fraction = String(whole % unit)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(sign)\(whole / unit).\(zeros)\(fraction)"
    }

    static func percent(_ share: Double) -> String {
        let value = share * 100
        return value > 0 && value < 1 ? "<1%" : "\(fixed(value, 0))%"
    }

    static func spinner(_ now: Double) -> String {
        let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
        return frames[Int(max(0, now) * 10) % frames.count]
    }

    /// A bar of `columns` cells, filled to a share of 0…1.
    static func bar(_ share: Double, columns: Int, theme: Theme) -> Line {
        let share = share.isFinite ? min(1, max(0, share)) : 0
        let filled = min(columns, Int((share * Double(columns)).rounded()))
        var line = Line(String(repeating: "━", count: filled), style: theme[.progress])
        line.append(
            String(repeating: "─", count: columns - filled), style: theme[.progressTrack])
        return line
    }
}
