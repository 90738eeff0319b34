/// Emphasis, code, links and escapes inside of a paragraph.
struct MarkdownInline {
    private let theme: Theme
    private var pieces: [Piece] = []

    private struct Piece {
        var text: String
        var isCode = false
        /// Attributes of emphasis that cover it.
        var emphasis = 0
        var strong = 0
        var struck = 0
        var link = false
        var muted = false
        /// A run of `*`, `_` or `~` that may open or close, while it has marks left.
        var delimiter: Unicode.Scalar?
        var canOpen = false
        var canClose = false
        var count = 0
    }

    /// A paragraph's text in its looks. `base` is what plain parts look like.
    static func styled(_ text: String, theme: Theme, base: Style = .plain) -> StyledText {
        // Most text has nothing to look for.
        if !text.utf8.contains(where: { special[Int($0)] }) {
            return StyledText(joinLines(text), style: base)
        }
        var inline = MarkdownInline(theme: theme)
        inline.scan(Array(text.unicodeScalars))
        inline.matchDelimiters()
        return inline.styledText(base)
    }

    private init(theme: Theme) {
        self.theme = theme
    }

    /// By byte: every frame asks this of all bytes of the replies that stream.
    private static let special: [Bool] = {
        let bytes = Set("*_`~[!<&\\:".utf8)
        return (0...UInt8.max).map { bytes.contains($0) }
    }()
    private static let escapable = Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".unicodeScalars)

    /// Line ends inside of a paragraph are blanks, unless two blanks stand before.
    private static func joinLines(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "\n")) else { return text }
        var result = ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let isForced = line.hasSuffix("  ") && index + 1 < lines.count
            result += line.reversed().drop { $0 == " " }.reversed()
            if index + 1 < lines.count { result += isForced ? "\n" : " " }
        }
        return result
    }

    private mutating func add(_ text: String) {
        if let last = pieces.indices.last, pieces[last].delimiter == nil, !pieces[last].isCode,
            !pieces[last].link, !pieces[last].muted
        {
            pieces[last].text += text
        } else {
            pieces.append(Piece(text: text))
        }
    }

    private mutating func scan(_ text: [Unicode.Scalar]) {
        var index = 0
        var plain = String.UnicodeScalarView()
        func flushed() -> String {
            defer { plain = String.UnicodeScalarView() }
            return String(plain)
        }
        while index < text.count {
            let character = text[index]
            switch character {
            case "\\" where index + 1 < text.count && Self.escapable.contains(text[index + 1]):
                plain.append(text[index + 1])
                index += 2
            case "\\" where index + 1 < text.count && text[index + 1] == "\n":
                plain += "  \n".unicodeScalars
                index += 2
            case "`":
                let count = Self.run(text, index)
                guard let end = Self.codeEnd(text, index + count, count) else {
                    plain += String(repeating: "`", count: count).unicodeScalars
                    index += count
                    continue
                }
                if !plain.isEmpty { add(Self.joinLines(flushed())) }
                var code: [Unicode.Scalar] = text[(index + count)..<end].map {
                    $0 == "\n" ? " " : $0
                }
                if code.count > 2, code.first == " ", code.last == " " {
                    code = Array(code.dropFirst().dropLast())
                }
                pieces.append(Piece(text: Self.string(code), isCode: true))
                index = end + count
            case "*", "_", "~":
                let count = Self.run(text, index)
                if !plain.isEmpty { add(Self.joinLines(flushed())) }
                pieces.append(Self.delimiter(text, index, count))
                index += count
            case "[",
                "!" where index + 1 < text.count && text[index + 1] == "[":
                if let link = Self.link(text, character == "!" ? index + 1 : index) {
                    if !plain.isEmpty { add(Self.joinLines(flushed())) }
                    addLink(link)
                    index = link.end
                } else {
                    plain.append(character)
                    index += 1
                }
            case "<":
                if let (address, end) = Self.angled(text, index) {
                    if !plain.isEmpty { add(Self.joinLines(flushed())) }
                    if address == "\n" {
                        plain += "  \n".unicodeScalars
                    } else {
                        pieces.append(Piece(text: address, link: true))
                    }
                    index = end
                } else {
                    plain.append(character)
                    index += 1
                }
            case "h":
                if let end = Self.bareAddress(text, index) {
                    if !plain.isEmpty { add(Self.joinLines(flushed())) }
                    pieces.append(Piece(text: Self.string(text[index..<end]), link: true))
                    index = end
                } else {
                    plain.append(character)
                    index += 1
                }
            case "&":
                if let (value, end) = Self.entity(text, index) {
                    plain += value.unicodeScalars
                    index = end
                } else {
                    plain.append(character)
                    index += 1
                }
            default:
                plain.append(character)
                index += 1
            }
        }
        if !plain.isEmpty { add(Self.joinLines(flushed())) }
    }

    // MARK: Scalars

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            ? scalar == " " || (scalar.value >= 9 && scalar.value <= 13)
            : scalar.properties.isWhitespace
    }

    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            ? (scalar.value | 0x20) &- 0x61 < 26 || scalar.value &- 0x30 < 10
            : scalar.properties.isAlphabetic
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return scalar.value > 0x20 && scalar.value < 0x7f && !isWordCharacter(scalar)
        }
        let character = Character(scalar)
        return character.isPunctuation || character.isSymbol
    }

    // MARK: Code and links

    private static func run(_ text: [Unicode.Scalar], _ start: Int) -> Int {
        var end = start
        while end < text.count, text[end] == text[start] { end += 1 }
        return end - start
    }

    private static func codeEnd(_ text: [Unicode.Scalar], _ start: Int, _ count: Int) -> Int? {
        var index = start
        while index < text.count {
            if text[index] == "`" {
                let run = run(text, index)
                if run == count { return index }
                index += run
            } else {
                index += 1
            }
        }
        return nil
    }

    private struct Link {
        var label: String
        var address: String
        var end: Int
    }

    /// `[label](address "title")` from its bracket.
    private static func link(_ text: [Unicode.Scalar], _ start: Int) -> Link? {
        var depth = 0
        var index = start
        while index < text.count {
            if text[index] == "\\" {
                index += 1
            } else if text[index] == "[" {
                depth += 1
            } else if text[index] == "]" {
                depth -= 1
                if depth == 0 { break }
            }
            index += 1
        }
        guard index + 1 < text.count, text[index + 1] == "(" else { return nil }
        let label = string(text[(start + 1)..<index])
        var address = String.UnicodeScalarView()
        index += 2
        depth = 1
        while index < text.count {
            let character = text[index]
            if character == "(" { depth += 1 }
            if character == ")" {
                depth -= 1
                if depth == 0 {
                    let target = String(address).split(whereSeparator: \.isWhitespace).first ?? ""
                    return Link(label: label, address: String(target), end: index + 1)
                }
            }
            if character == "\n" { return nil }
            address.append(character)
            index += 1
        }
        return nil
    }

    private mutating func addLink(_ link: Link) {
        let label = link.label.isEmpty ? link.address : link.label.filter { !"*_`\\".contains($0) }
        pieces.append(Piece(text: label, link: true))
        if !link.address.isEmpty, link.address != label {
            pieces.append(Piece(text: " (\(link.address))", muted: true))
        }
    }

    /// `<https://…>` or `<name@host>`, or a line end for `<br>`.
    private static func angled(_ text: [Unicode.Scalar], _ start: Int) -> (String, Int)? {
        guard let end = text[start...].prefix(400).firstIndex(of: ">") else { return nil }
        let inner = string(text[(start + 1)..<end])
        if ["br", "br/", "br /"].contains(inner.lowercased()) { return ("\n", end + 1) }
        guard !inner.contains(where: \.isWhitespace) else { return nil }
        let isAddress =
            inner.hasPrefix("http://") || inner.hasPrefix("https://")
            || (inner.contains("@") && inner.contains(".") && !inner.hasPrefix("@"))
        return isAddress ? (inner, end + 1) : nil
    }

    static func bareAddress(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
        if start > 0, isWordCharacter(text[start - 1]) { return nil }
        let head = string(text[start...].prefix(8))
        guard head.hasPrefix("https://") || head.hasPrefix("http://") else { return nil }
        var end = start
        while end < text.count, !isBlank(text[end]), !"<>\"`".unicodeScalars.contains(text[end]) {
            end += 1
        }
        while end > start, ".,;:!?'*_~)]".unicodeScalars.contains(text[end - 1]) {
            // A closing bracket that was opened inside belongs to the address.
            if text[end - 1] == ")", text[start..<end].contains("(") { break }
            end -= 1
        }
        return end - start > 8 ? end : nil
    }

    private static let entities = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{a0}",
        "hellip": "…", "mdash": "—", "ndash": "–", "copy": "©", "times": "×", "deg": "°",
    ]

    private static func entity(_ text: [Unicode.Scalar], _ start: Int) -> (String, Int)? {
        guard let end = text[start...].prefix(12).firstIndex(of: ";") else { return nil }
        let name = string(text[(start + 1)..<end])
        if let value = entities[name] { return (value, end + 1) }
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let isHex = digits.first == "x" || digits.first == "X"
        guard let value = UInt32(isHex ? digits.dropFirst() : digits, radix: isHex ? 16 : 10),
            let scalar = Unicode.Scalar(value), value >= 32
        else { return nil }
        return (String(scalar), end + 1)
    }

    // MARK: Emphasis

    private static func delimiter(_ text: [Unicode.Scalar], _ start: Int, _ count: Int) -> Piece {
        let mark = text[start]
        let before = start > 0 ? text[start - 1] : " "
        let after = start + count < text.count ? text[start + count] : " "
        let opens =
            !isBlank(after)
            && (!isPunctuation(after) || isBlank(before) || isPunctuation(before))
        let closes =
            !isBlank(before)
            && (!isPunctuation(before) || isBlank(after) || isPunctuation(after))
        var piece = Piece(text: "", delimiter: mark, count: count)
        piece.canOpen = mark == "_" ? opens && (!closes || isPunctuation(before)) : opens
        piece.canClose = mark == "_" ? closes && (!opens || isPunctuation(after)) : closes
        if mark == "~", count != 2 { (piece.canOpen, piece.canClose) = (false, false) }
        return piece
    }

    /// CommonMark's matching: each closer takes the nearest opener of its kind.
    private mutating func matchDelimiters() {
        var openers: [Int] = []
        for closer in pieces.indices where pieces[closer].delimiter != nil {
            while pieces[closer].canClose, pieces[closer].count > 0 {
                guard
                    let place = openers.lastIndex(where: {
                        pieces[$0].delimiter == pieces[closer].delimiter
                            && !((pieces[$0].canClose || pieces[closer].canOpen)
                                && (pieces[$0].count + pieces[closer].count) % 3 == 0
                                && pieces[$0].count % 3 != 0)
                    })
                else { break }
                let opener = openers[place]
                let used = pieces[opener].count >= 2 && pieces[closer].count >= 2 ? 2 : 1
                for index in (opener + 1)..<closer {
                    if pieces[closer].delimiter == "~" {
                        pieces[index].struck += 1
                    } else if used == 2 {
                        pieces[index].strong += 1
                    } else {
                        pieces[index].emphasis += 1
                    }
                }
                pieces[opener].count -= used
                pieces[closer].count -= used
                openers.removeSubrange((place + 1)...)
                if pieces[opener].count == 0 { openers.removeLast() }
            }
            if pieces[closer].canOpen, pieces[closer].count > 0 { openers.append(closer) }
        }
    }

    private func styledText(_ base: Style) -> StyledText {
        var result = StyledText()
        for piece in pieces {
            var style = base
            if piece.strong > 0 { style = style.merging(theme[.strong]) }
            if piece.emphasis > 0 { style = style.merging(theme[.emphasis]) }
            if piece.struck > 0 { style = style.merging(theme[.strikethrough]) }
            if piece.link { style = style.merging(theme[.link]) }
            if piece.muted { style = style.merging(theme[.muted]) }
            if piece.isCode { style = style.merging(theme[.code]) }
            let text =
                piece.delimiter.map { String(repeating: Character($0), count: piece.count) }
                ?? piece.text
            result.append(text, style: style)
        }
        return result
    }
}
