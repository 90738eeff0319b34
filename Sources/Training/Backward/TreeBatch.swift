import CKernels
import LanguageModel

/// Prompts and replies packed into one sequence of rows. A prompt's rows stand once, before the
/// replies to it, and each reply sees the prompt and itself: the mask is a tree.
struct TreeBatch {
    private(set) var ids: [TokenID] = []
    private(set) var positions: [Int32] = []
    private(set) var segments: [rk_segment] = []
    /// Tree t has segments `treeStarts[t] ..< treeStarts[t + 1]`.
    private(set) var treeStarts: [Int32] = [0]
    /// For each tree the row of each reply's last token.
    private(set) var lastRows: [[Int]] = []

    var rows: Int { ids.count }
    var trees: Int { treeStarts.count - 1 }
    var positionCount: Int { Int(positions.max() ?? -1) + 1 }

    /// Rows that a prompt and replies take.
    static func rows(prompt: [TokenID], replies: [[TokenID]]) -> Int {
        prompt.count + replies.reduce(0) { $0 + $1.count }
    }

    /// Appends a tree. An empty reply is read at the prompt's last token, so not both may be
    /// empty.
    mutating func append(prompt: [TokenID], replies: [[TokenID]]) {
        precondition(!prompt.isEmpty || replies.allSatisfy { !$0.isEmpty }, "a tree has rows")
        let promptStart = ids.count
        if !prompt.isEmpty { appendSegment(prompt, parentStart: 0, parentCount: 0) }
        var last: [Int] = []
        for reply in replies {
            if !reply.isEmpty {
                appendSegment(reply, parentStart: promptStart, parentCount: prompt.count)
            }
            last.append(reply.isEmpty ? promptStart + prompt.count - 1 : ids.count - 1)
        }
        lastRows.append(last)
        treeStarts.append(Int32(segments.count))
    }

    private mutating func appendSegment(_ tokens: [TokenID], parentStart: Int, parentCount: Int) {
        segments.append(
            rk_segment(
                start: Int32(ids.count), count: Int32(tokens.count),
                parent_start: Int32(parentStart), parent_count: Int32(parentCount)))
        ids += tokens
        positions += (0..<tokens.count).map { Int32(parentCount + $0) }
    }
}
