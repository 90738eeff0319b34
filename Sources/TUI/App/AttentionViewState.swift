import Engine

/// What one token attends to, over the tokens before it, by layer and head.
struct AttentionViewState: Sendable, Equatable {
    var title: String
    var tokens: [PromptToken] = []
    /// Place of the token whose attention is shown.
    var cursor = 0
    /// [layer][head][position]; empty while it is being read.
    var weights: [[[Float]]] = []
    /// Nil averages over all.
    var layer: Int?
    var head: Int?
    /// The first token gathers what attention a head has no use for (Xiao et al. 2023, arXiv
    /// 2309.17453); without it the rest can be told apart.
    var hidesFirst = true
    /// Weights over the positions up to the cursor, of the layer and head selected.
    private(set) var row: [Float] = []

    var isLoading: Bool { tokens.isEmpty }
    var layerCount: Int { weights.count }
    var headCount: Int { weights.map(\.count).max() ?? 0 }

    init(title: String) { self.title = title }

    /// Averages the selected layers and heads.
    mutating func select() {
        guard let length = weights.first?.first?.count else {
            row = []
            return
        }
        var sum = [Float](repeating: 0, count: length)
        var count: Float = 0
        for (index, heads) in weights.enumerated() where layer == nil || layer == index {
            for (number, values) in heads.enumerated() where head == nil || head == number {
                for position in 0..<min(length, values.count) { sum[position] += values[position] }
                count += 1
            }
        }
        row = count > 0 ? sum.map { $0 / count } : sum
    }

    /// The share of a position for its colour: of the largest weight that is shown.
    func shade(_ position: Int) -> Double {
        guard row.indices.contains(position), !(hidesFirst && position == 0) else { return 0 }
        let largest = row.indices.reduce(Float(0)) { best, index in
            hidesFirst && index == 0 ? best : max(best, row[index])
        }
        return largest > 0 ? Double(row[position] / largest) : 0
    }

    /// Positions by weight, the largest first.
    func strongest(_ count: Int) -> [Int] {
        let shown = row.indices.filter { !(hidesFirst && $0 == 0) }
        return Array(shown.sorted { (row[$0], -$0) > (row[$1], -$1) }.prefix(count))
    }
}
