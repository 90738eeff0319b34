import Foundation

/// What was sent from the composer, kept in a file: a JSON string a line, the newest last, so
/// that entries of several lines stay whole and other programs can append at the same time.
public final class ComposerHistory {
    public private(set) var entries: [String]
    private let file: URL?
    private let limit: Int
    /// By their beginning in readline's list.
    private var longEntries: [String: String] = [:]

    /// Readline searches entries in quadratic time, so it gets only the beginning of longer ones.
    static let longestRecallable = 2048
    private static let beginning = 160

    /// Reads the file; lines that are not JSON strings are left out. Keeps the newest `limit`.
    /// A file that cannot be read is an empty one: history is a convenience.
    public init(file: URL?, limit: Int = 2000) {
        self.file = file
        self.limit = max(1, limit)
        entries = []
        guard let file, let data = try? Data(contentsOf: file) else { return }
        let decoder = JSONDecoder()
        var lines = 0
        for line in data.split(separator: 0x0a) {
            lines += 1
            guard let entry = try? decoder.decode(String.self, from: Data(line)), !entry.isEmpty
            else { continue }
            entries.append(entry)
        }
        entries.removeFirst(max(0, entries.count - self.limit))
        for entry in entries { note(entry) }
        if lines > 2 * self.limit { rewrite() }
    }

    /// Adds an entry unless it is empty or repeats the last; whether it was added.
    @discardableResult
    public func add(_ entry: String) -> Bool {
        guard !entry.isEmpty, entry != entries.last else { return false }
        entries.append(entry)
        entries.removeFirst(max(0, entries.count - limit))
        note(entry)
        append(entry)
        return true
    }

    private func note(_ entry: String) {
        let short = Self.recallable(entry)
        if short != entry { longEntries[short] = entry }
    }

    /// The entry that stands behind a beginning.
    func wholeEntry(_ text: String) -> String? {
        longEntries.isEmpty ? nil : longEntries[text]
    }

    /// What readline is given for an entry.
    static func recallable(_ entry: String) -> String {
        let size = entry.utf8.count
        guard size > longestRecallable else { return entry }
        return "\(entry.prefix(beginning))… [\(size) bytes]"
    }

    private static func line(_ entry: String) -> Data? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(entry)).map { $0 + [0x0a] }
    }

    private func append(_ entry: String) {
        guard let file, let line = Self.line(entry) else { return }
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        let descriptor = open(file.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // One write, so that lines of two programs do not mix.
        line.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    private func rewrite() {
        guard let file else { return }
        let data = entries.compactMap(Self.line).reduce(into: Data()) { $0 += $1 }
        try? data.write(to: file, options: .atomic)
        chmod(file.path, 0o600)
    }
}
