import Synchronization

/// Remembers how replies were drawn last, so that drawing a frame again costs a comparison, and
/// drawing a reply that has grown costs its last block.
///
/// A pure function made faster: the same text, width and theme give the same lines, whatever is
/// remembered. Safe from any thread.
public final class MarkdownCache: Sendable {
    private struct Entry {
        var markdown: MarkdownText
        var used: UInt64
    }

    private struct State {
        var entries: [Entry] = []
        var clock: UInt64 = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    /// Keeps up to `limit` texts: what fits on a screen, and some more.
    public init(limit: Int = 64) {
        self.limit = max(1, limit)
    }

    /// The text drawn as Markdown.
    public func lines(_ text: String, width: Int, theme: Theme) -> [Line] {
        state.withLock { state in
            state.clock += 1
            var best: Int?
            var bestLength = 0
            for (index, entry) in state.entries.enumerated() {
                let known = entry.markdown.text
                guard entry.markdown.width == width, known.utf8.count > bestLength,
                    known.isBeginning(of: text), entry.markdown.theme == theme
                else { continue }
                best = index
                bestLength = known.utf8.count
            }
            if let best {
                state.entries[best].used = state.clock
                if bestLength < text.utf8.count { state.entries[best].markdown.set(text) }
                return state.entries[best].markdown.lines
            }
            let markdown = MarkdownText(text, width: width, theme: theme)
            if state.entries.count >= limit,
                let oldest = state.entries.indices.min(by: {
                    state.entries[$0].used < state.entries[$1].used
                })
            {
                state.entries.remove(at: oldest)
            }
            state.entries.append(Entry(markdown: markdown, used: state.clock))
            return markdown.lines
        }
    }
}
