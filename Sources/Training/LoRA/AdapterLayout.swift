/// Where the numbers of an adapter and a head lie in one flat vector of parameters.
///
/// Each of the seven linear maps of a block gets a pair: A [rank, inputs] and B, kept transposed
/// as [rank, outputs]; the map becomes y = W x + (α/rank) · B A x (Hu et al. 2021, arXiv
/// 2106.09685). Maps that read the same row (q, k, v; gate, up) keep their A together, so that
/// one product serves them.
public struct AdapterLayout: Sendable, Equatable {
    public enum Module: String, Sendable, Codable, CaseIterable {
        case query = "q_proj"
        case key = "k_proj"
        case value = "v_proj"
        case attentionOutput = "o_proj"
        case gate = "gate_proj"
        case up = "up_proj"
        case down = "down_proj"

        /// The name of the block's part that has the module, in transformers.
        var parent: String {
            switch self {
            case .query, .key, .value, .attentionOutput: "self_attn"
            case .gate, .up, .down: "mlp"
            }
        }
    }

    /// Linear maps that read the same row.
    public struct Group: Sendable, Equatable {
        public var modules: [Module]
        public var inputs: Int
        public var outputs: [Int]
        /// A's of all members, one below the other: [modules.count * rank, inputs].
        public var aOffset: Int
        /// Bᵀ of each member: [rank, outputs].
        public var bOffsets: [Int]
    }

    public static let groups: [[Module]] = [
        [.query, .key, .value], [.attentionOutput], [.gate, .up], [.down],
    ]

    public let rank: Int
    public let alpha: Float
    /// Four groups a layer.
    public let layers: [[Group]]
    /// Rows of the head: 1 for a reward, the labels of a classifier.
    public let headRows: Int
    public let headWidth: Int
    public let adapterCount: Int
    public var headOffset: Int { adapterCount }
    public var count: Int { adapterCount + headRows * headWidth }
    public var scale: Float { rank == 0 ? 0 : alpha / Float(rank) }

    public init(body: FrozenBody, rank: Int, alpha: Float, headRows: Int) {
        var offset = 0
        func take(_ count: Int) -> Int {
            defer { offset += count }
            return offset
        }
        layers = body.layers.map { layer in
            Self.groups.map { modules in
                let matrices = modules.map { layer.matrix($0) }
                let inputs = matrices[0].inputs
                return Group(
                    modules: modules, inputs: inputs, outputs: matrices.map(\.outputs),
                    aOffset: take(modules.count * rank * inputs),
                    bOffsets: matrices.map { take(rank * $0.outputs) })
            }
        }
        self.rank = rank
        self.alpha = alpha
        self.headRows = headRows
        headWidth = body.width
        adapterCount = offset
    }

    /// A's are uniform in ±1/√inputs (PEFT's Kaiming with a = √5), B's zero, the head normal
    /// with variance 1/(width + 1).
    public func initialParameters(seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        var parameters = [Float](repeating: 0, count: count)
        for group in layers.joined() {
            let bound = 1 / Double(group.inputs).squareRoot()
            for k in 0..<group.modules.count * rank * group.inputs {
                parameters[group.aOffset + k] = Float((2 * random.uniform() - 1) * bound)
            }
        }
        let deviation = 1 / Double(headWidth + 1).squareRoot()
        for k in headOffset..<count { parameters[k] = Float(random.normal() * deviation) }
        return parameters
    }
}

extension FrozenBody.Layer {
    func matrix(_ module: AdapterLayout.Module) -> FrozenBody.Matrix {
        switch module {
        case .query: query
        case .key: key
        case .value: value
        case .attentionOutput: attentionOutput
        case .gate: gate
        case .up: up
        case .down: down
        }
    }
}
