import Foundation

/// Why a theme file cannot be read.
public struct ThemeError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        case unreadable(String)
        case noEquals
        case unknownKey(String)
        case unknownBase(String)
        case lateBase
        case unknownWord(String)
        case emptyRamp(String)
    }

    public var file: String
    /// From 1; 0 where the file as a whole is meant.
    public var line: Int
    public var reason: Reason

    public var description: String {
        let place = line > 0 ? "\(file), line \(line)" : file
        switch reason {
        case .unreadable(let message):
            return "cannot read the theme \(place): \(message)"
        case .noEquals:
            return "\(place): expected `name = look`, such as `heading1 = bold 75`"
        case .unknownKey(let key):
            return "\(place): there is no \"\(key)\" in a theme; the names are those of the "
                + "built-in themes"
        case .unknownBase(let name):
            let names = Theme.builtIn.map(\.name).joined(separator: ", ")
            return "\(place): \"\(name)\" is not a built-in theme; use one of \(names)"
        case .lateBase:
            return "\(place): `base` must stand before every look"
        case .unknownWord(let word):
            return "\(place): \"\(word)\" is neither an attribute nor a colour; use bold, dim, "
                + "italic, underline, reverse, strikethrough, and a colour by name, as 0-255, "
                + "or as #rrggbb"
        case .emptyRamp(let key):
            return "\(place): \(key) needs at least one look"
        }
    }
}

/// Theme files: a line a role, `name = [attributes] [colour] [on colour]`, `#` comments, and
/// `base = NAME` first to start from a built-in theme.
///
/// A colour is `default`, a number 0-255 of the xterm palette, `#rrggbb` (shown as the nearest
/// of the palette), or one of the sixteen names, such as `red` and `bright-red`. The two ramps
/// are lists of looks with commas between.
public enum ThemeFile {
    /// Reads a theme from a file; its name is the file's, without the extension.
    public static func read(_ url: URL) throws -> Theme {
        let text: String
        do {
            text = try String(contentsOf: url, encoding: .utf8)
        } catch {
            throw ThemeError(
                file: url.path, line: 0, reason: .unreadable(error.localizedDescription))
        }
        let name = url.deletingPathExtension().lastPathComponent
        return try parse(text, name: name, file: url.path, base: .dark)
    }

    /// A theme that came with the program, or one in a file: a path, or a name in the folder.
    ///
    /// - Returns: nil where there is none.
    public static func named(_ name: String, folder: String) throws -> Theme? {
        if let theme = Theme.builtIn(named: name) { return theme }
        let path = [name, "\(folder)/\(name)"].first { FileManager.default.fileExists(atPath: $0) }
        return try path.map { try read(URL(filePath: $0)) }
    }

    static func parse(_ text: String, name: String, file: String, base: Theme? = nil) throws
        -> Theme
    {
        var theme =
            base ?? Theme(name: name, styles: [:], probabilityRamp: [], attentionRamp: [])
        theme.name = name
        var sawLook = false
        for (index, line) in text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        ).enumerated() {
            let content = line.trimmingCharacters(in: .whitespaces)
            if content.isEmpty || content.hasPrefix("#") { continue }
            func failure(_ reason: ThemeError.Reason) -> ThemeError {
                ThemeError(file: file, line: index + 1, reason: reason)
            }
            guard let equals = content.firstIndex(of: "=") else { throw failure(.noEquals) }
            let key = content[..<equals].trimmingCharacters(in: .whitespaces)
            let value = content[content.index(after: equals)...]
                .trimmingCharacters(in: .whitespaces)
            if key == "base" {
                guard !sawLook else { throw failure(.lateBase) }
                guard let base = Theme.builtIn(named: value) else {
                    throw failure(.unknownBase(value))
                }
                theme = base
                theme.name = name
                continue
            }
            sawLook = true
            let looks = try value.split(separator: ",").map { part in
                switch style(part) {
                case .success(let style): return style
                case .failure(let word): throw failure(.unknownWord(word.text))
                }
            }
            switch key {
            case "probability-ramp", "attention-ramp":
                guard !looks.isEmpty else { throw failure(.emptyRamp(key)) }
                if key == "probability-ramp" {
                    theme.probabilityRamp = looks
                } else {
                    theme.attentionRamp = looks
                }
            default:
                guard let role = Theme.Role(rawValue: key) else {
                    throw failure(.unknownKey(key))
                }
                guard looks.count <= 1 else { throw failure(.unknownWord(",")) }
                theme[role] = looks.first ?? .plain
            }
        }
        return theme
    }

    struct UnknownWord: Error { var text: String }

    /// A look, such as `bold 75 on 236`.
    static func style(_ text: some StringProtocol) -> Result<Style, UnknownWord> {
        var style = Style.plain
        var isBackground = false
        for word in text.split(whereSeparator: \.isWhitespace) {
            switch word {
            case "on": isBackground = true
            case "bold": style.attributes.insert(.bold)
            case "dim": style.attributes.insert(.dim)
            case "italic": style.attributes.insert(.italic)
            case "underline": style.attributes.insert(.underline)
            case "reverse": style.attributes.insert(.reverse)
            case "strikethrough": style.attributes.insert(.strikethrough)
            default:
                guard let color = Color(String(word)) else {
                    return .failure(UnknownWord(text: String(word)))
                }
                if isBackground { style.background = color } else { style.foreground = color }
                isBackground = false
            }
        }
        return isBackground ? .failure(UnknownWord(text: "on")) : .success(style)
    }
}
