import Engine

/// The tree of a conversation as indented lines, the shown path marked.
enum MapView {
    /// The message one is at: the one selected while walking the messages, else the last shown.
    static func present(_ state: State) -> Int64? {
        let messages = state.transcript.messages
        guard state.focus == .messages, let selected = state.transcript.selected,
            messages.indices.contains(selected)
        else { return messages.last?.id }
        return messages[selected].id
    }

    static func items(_ state: State) -> [ListItem] {
        let nodes = state.tree
        var children: [Int64?: [TreeNode]] = [:]
        for node in nodes { children[node.parent, default: []].append(node) }
        let path = Set(state.transcript.messages.map(\.id))
        var items: [ListItem] = []
        // A run without branches stays in one column; only siblings indent.
        var stack: [(node: TreeNode, prefix: String, branch: String)] = []
        func push(_ list: [TreeNode], prefix: String) {
            for (index, node) in list.enumerated().reversed() {
                let isLast = index == list.count - 1
                let branch = list.count == 1 ? "" : (isLast ? "└ " : "├ ")
                stack.append((node, prefix, branch))
            }
        }
        push(children[nil] ?? [], prefix: "")
        while let (node, prefix, branch) = stack.popLast() {
            let who = node.role == .user ? "You" : (node.role == .assistant ? "Reply" : "System")
            items.append(
                ListItem(
                    id: String(node.id), title: "\(prefix)\(branch)\(who): \(node.summary)",
                    isCurrent: path.contains(node.id)))
            let deeper = prefix + (branch.isEmpty ? "" : (branch == "└ " ? "  " : "│ "))
            push(children[node.id] ?? [], prefix: deeper)
        }
        return items
    }
}
