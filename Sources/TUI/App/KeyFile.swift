import Foundation

/// A mistake in a file of keys.
public struct KeyFileError: LocalizedError, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case form
        case context(String)
        case command(String)
        case keys(String)
    }

    public var file: String
    /// From 1.
    public var line: Int
    public var reason: Reason

    public var errorDescription: String? {
        let what =
            switch reason {
            case .form: "a line is \"context.command = key, key\", as in \"composer.send = Enter\""
            case .context(let name):
                "there is no context \"\(name)\"; known are "
                    + KeyContext.allCases.map(\.rawValue).joined(separator: ", ")
            case .command(let name):
                "there is no command \"\(name)\"; the help page (F1) tells what there is"
            case .keys(let text):
                "\"\(text)\" names no key; keys are written as in Ctrl+J, Alt+Enter, F5, PgUp"
            }
        return "\(file), line \(line): \(what)."
    }
}

/// Keys of the person's own: a line a command, `#` begins a comment.
///
///     composer.send = Ctrl+S
///     board.accept = a, A
public enum KeyFile {
    /// The standard keys with those of the file over them.
    public static func read(_ path: String) throws -> KeyMap {
        try parse(
            String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self), file: path)
    }

    static func parse(_ text: String, file: String) throws -> KeyMap {
        var map = KeyMap.standard
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let content = String(line).trimmingWhitespace
            guard !content.isEmpty, !content.hasPrefix("#") else { continue }
            func wrong(_ reason: KeyFileError.Reason) -> KeyFileError {
                KeyFileError(file: file, line: index + 1, reason: reason)
            }
            // The first "=" ends the name: "=" may be a key as well.
            let parts = content.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw wrong(.form) }
            let name = String(parts[0]).trimmingWhitespace.split(separator: ".").map(String.init)
            guard name.count == 2 else { throw wrong(.form) }
            guard let context = KeyContext(rawValue: name[0]) else {
                throw wrong(.context(name[0]))
            }
            guard let command = Command(rawValue: name[1]) else { throw wrong(.command(name[1])) }
            let keys = String(parts[1]).split(separator: ",").map { String($0).trimmingWhitespace }
            guard !keys.isEmpty, map.bind(keys, to: command, in: context) else {
                throw wrong(.keys(String(parts[1]).trimmingWhitespace))
            }
        }
        return map
    }
}
