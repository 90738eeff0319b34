/// Finds a model's weights in a file and checks their shapes.
struct WeightBinder {
    let architecture: Architecture
    let names: TensorNames
    let file: any WeightFile
    private let base: String
    private var used: Set<String> = []

    init(architecture: Architecture, names: TensorNames, file: any WeightFile) {
        self.architecture = architecture
        self.names = names
        self.file = file
        // A base model is saved without the prefix, a multimodal one with a longer one.
        let present = Set(file.tensorNames)
        let bases = [names.base, "", "language_model.\(names.base)", "model.language_model."]
        base = bases.first { present.contains("\($0)\(names.tokenEmbedding).weight") } ?? names.base
    }

    /// All weights. A tensor that has no place in the architecture is an error: leaving it out
    /// would give another model.
    mutating func bind() throws -> ModelWeights {
        let a = architecture
        let embedding = WeightMatrix(
            try required(base + names.tokenEmbedding, [a.vocabularySize, a.width]))
        var positions: WeightMatrix?
        if let offset = a.learnedPositionOffset, let name = names.positionEmbedding {
            positions = WeightMatrix(
                try required(base + name, [a.contextLength + offset, a.width]))
        }
        var layers: [LayerWeights] = []
        for index in a.layers.indices { layers.append(try layer(index)) }
        let outputNorm = try requiredNorm(base + names.outputNorm, a.width)
        let output = try outputHead(embedding)
        try checkAllUsed()
        return ModelWeights(
            tokenEmbedding: embedding, positionEmbedding: positions, layers: layers,
            outputNorm: outputNorm, output: output)
    }

    private mutating func outputHead(_ embedding: WeightMatrix) throws -> Linear {
        let a = architecture
        let candidates = [names.output, "language_model.\(names.output)"]
        let name = try candidates.first { try file.tensor("\($0).weight") != nil } ?? names.output
        // A sequence classifier is saved without an output head; nobody asks for its logits.
        let isClassifier =
            try file.tensor("\(name).weight") == nil
            && file.tensorNames.contains("score.weight")
        if a.isOutputTied || isClassifier {
            // A tied file may hold the same matrix again.
            used.formUnion(candidates.map { "\($0).weight" })
            return Linear(matrix: embedding, bias: try vector("\(name).bias", a.vocabularySize))
        }
        return try linear(name, a.vocabularySize, a.width, mayTranspose: false)
    }

    private mutating func layer(_ index: Int) throws -> LayerWeights {
        let a = architecture
        let layer = a.layers[index]
        let prefix = "\(base)\(names.layers).\(index)."
        let (query, key, value) = try attentionInputs(prefix, layer)
        let hasPreNorm = a.normPlacement != .post
        let hasPostNorm = a.normPlacement != .pre
        var sharedNorm = false
        if case .parallel(let shared) = a.residual { sharedNorm = shared }
        func post(_ name: String?) throws -> String {
            guard let name else { preconditionFailure("a family with post norms names them") }
            return prefix + name
        }
        return LayerWeights(
            attentionNorm: hasPreNorm
                ? try requiredNorm(prefix + names.attentionNorm, a.width) : nil,
            query: query, key: key, value: value,
            attentionOutput: try linear(
                prefix + names.attentionOutput, a.width, layer.headCount * a.valueHeadSize),
            queryNorm: try headNorm(prefix + names.queryNorm, heads: layer.headCount),
            keyNorm: try headNorm(prefix + names.keyNorm, heads: layer.keyValueHeadCount),
            postAttentionNorm: hasPostNorm
                ? try requiredNorm(post(names.postAttentionNorm), a.width) : nil,
            feedForwardNorm: hasPreNorm && !sharedNorm
                ? try requiredNorm(post(names.feedForwardNorm), a.width) : nil,
            feedForward: try feedForward(prefix, layer),
            postFeedForwardNorm: hasPostNorm
                ? try requiredNorm(post(names.postFeedForwardNorm), a.width) : nil)
    }

    // MARK: Attention

    private mutating func attentionInputs(_ prefix: String, _ layer: Architecture.Layer) throws
        -> (Linear, Linear, Linear)
    {
        let a = architecture
        let queries = layer.headCount * a.headSize
        let keys = layer.keyValueHeadCount * a.headSize
        let values = layer.keyValueHeadCount * a.valueHeadSize
        if let fused = names.fusedQKV,
            let whole = try optionalLinear(prefix + fused, queries + keys + values, a.width)
        {
            switch names.fusedLayout {
            case .concatenated:
                return (
                    Self.slice(whole, [0..<queries]),
                    Self.slice(whole, [queries..<queries + keys]),
                    Self.slice(whole, [queries + keys..<queries + keys + values])
                )
            case .grouped:
                let groups = layer.keyValueHeadCount
                let perGroup = layer.headCount / groups
                let stride = (perGroup + 1) * a.headSize + a.valueHeadSize
                func ranges(_ offset: Int, _ count: Int) -> [Range<Int>] {
                    (0..<groups).map { $0 * stride + offset..<$0 * stride + offset + count }
                }
                let ownQueries = perGroup * a.headSize
                return (
                    Self.slice(whole, ranges(0, ownQueries)),
                    Self.slice(whole, ranges(ownQueries, a.headSize)),
                    Self.slice(whole, ranges(ownQueries + a.headSize, a.valueHeadSize))
                )
            }
        }
        return (
            try linear(prefix + names.query, queries, a.width),
            try linear(prefix + names.key, keys, a.width),
            try linear(prefix + names.value, values, a.width)
        )
    }

    private mutating func headNorm(_ name: String, heads: Int) throws -> NormWeights? {
        let size = architecture.headSize
        switch architecture.queryKeyNorm {
        case .none: return nil
        case .perHead: return try requiredNorm(name, size)
        case .wholeRow: return try requiredNorm(name, heads * size)
        case .layerNormPerHead:
            guard names.queryKeyNormIsSplit else { return try requiredNorm(name, heads * size) }
            var weight: [Float] = []
            for head in 0..<heads { weight += try requiredNorm("\(name).\(head)", size).weight }
            return NormWeights(weight: weight, bias: nil)
        }
    }

    // MARK: Feed-forward

    private mutating func feedForward(_ prefix: String, _ layer: Architecture.Layer) throws
        -> FeedForwardWeights
    {
        let a = architecture
        switch layer.feedForward {
        case .dense(let hidden):
            if let fused = names.fusedGateUp, a.isGated,
                let whole = try optionalLinear(prefix + fused, 2 * hidden, a.width)
            {
                return .dense(
                    DenseWeights(
                        gate: Self.slice(whole, [0..<hidden]),
                        up: Self.slice(whole, [hidden..<2 * hidden]),
                        down: try linear(prefix + names.down, a.width, hidden)))
            }
            return .dense(
                DenseWeights(
                    gate: a.isGated ? try linear(prefix + names.gate, hidden, a.width) : nil,
                    up: try linear(prefix + names.up, hidden, a.width),
                    down: try linear(prefix + names.down, a.width, hidden)))
        case .experts:
            guard let experts = a.experts else {
                preconditionFailure("a layer of experts without their description")
            }
            return .experts(
                router: try linear(prefix + names.router, experts.count, a.width),
                experts: try expertWeights(prefix, experts))
        }
    }

    private mutating func expertWeights(_ prefix: String, _ experts: Architecture.Experts) throws
        -> [DenseWeights]
    {
        let a = architecture
        let width = a.width
        let hidden = experts.width
        func slices(_ tensor: Tensor, _ rows: Range<Int>, of total: Int) -> [Linear] {
            (0..<experts.count).map { expert in
                let start = expert * total
                return Linear(
                    matrix: WeightMatrix(
                        tensor.rows(start + rows.lowerBound..<start + rows.upperBound)))
            }
        }
        if let name = names.stackedDown,
            let down = try stacked(prefix + name, [experts.count, width, hidden])
        {
            var gates: [Linear]
            var ups: [Linear]
            if let name = names.stackedGateUp,
                let both = try stacked(prefix + name, [experts.count, 2 * hidden, width])
            {
                gates = slices(both, 0..<hidden, of: 2 * hidden)
                ups = slices(both, hidden..<2 * hidden, of: 2 * hidden)
            } else {
                let shape = [experts.count, hidden, width]
                let gate = try stacked(prefix + (names.stackedGate ?? names.gate), shape)
                let up = try stacked(prefix + (names.stackedUp ?? names.up), shape)
                guard let gate, let up else { throw missing(prefix + "experts") }
                gates = slices(gate, 0..<hidden, of: hidden)
                ups = slices(up, 0..<hidden, of: hidden)
            }
            let downs = slices(down, 0..<width, of: width)
            return (0..<experts.count).map {
                DenseWeights(gate: gates[$0], up: ups[$0], down: downs[$0])
            }
        }
        return try (0..<experts.count).map { expert in
            // Early Mixtral GGUF files have a tensor an expert: ffn_gate.0 and so on.
            let isGGUF = names.expert.isEmpty
            let stem = isGGUF ? prefix : "\(prefix)\(names.expert).\(expert)."
            func name(_ separate: String, _ plain: String) -> String {
                isGGUF ? "\(stem)\(plain).\(expert)" : stem + separate
            }
            return DenseWeights(
                gate: try linear(name(names.expertGate, names.gate), hidden, width),
                up: try linear(name(names.expertUp, names.up), hidden, width),
                down: try linear(name(names.expertDown, names.down), width, hidden))
        }
    }

    // MARK: Tensors

    private func missing(_ name: String) -> LanguageModelError {
        .invalidFile(path: file.path, place: "tensor \(name)", reason: "it is missing")
    }

    private func wrongShape(_ tensor: Tensor, _ expected: [Int]) -> LanguageModelError {
        .invalidFile(
            path: file.path, place: "tensor \(tensor.name)",
            reason: "its shape is \(tensor.shape) where the model's settings call for \(expected)")
    }

    private mutating func take(_ name: String) throws -> Tensor? {
        guard let tensor = try file.tensor(name) else { return nil }
        used.insert(name)
        return tensor
    }

    private mutating func required(_ name: String, _ shape: [Int]) throws -> Tensor {
        guard let tensor = try take("\(name).weight") else { throw missing("\(name).weight") }
        guard tensor.shape == shape else { throw wrongShape(tensor, shape) }
        return tensor
    }

    /// Expert tensors carry `.weight` in GGUF and nothing in transformers.
    private mutating func stacked(_ name: String, _ shape: [Int]) throws -> Tensor? {
        guard let tensor = try take("\(name).weight") ?? take(name) else { return nil }
        guard tensor.shape == shape else { throw wrongShape(tensor, shape) }
        return tensor
    }

    private mutating func vector(_ name: String, _ count: Int) throws -> [Float]? {
        guard let tensor = try take(name) else { return nil }
        guard tensor.elementCount == count else { throw wrongShape(tensor, [count]) }
        return tensor.floats()
    }

    private mutating func requiredNorm(_ name: String, _ count: Int) throws -> NormWeights {
        guard var weight = try vector("\(name).weight", count) else {
            throw missing("\(name).weight")
        }
        if names.normOffset != 0 { weight = weight.map { $0 + names.normOffset } }
        return NormWeights(weight: weight, bias: try vector("\(name).bias", count))
    }

    private mutating func linear(
        _ name: String, _ rows: Int, _ columns: Int, mayTranspose: Bool = true
    ) throws -> Linear {
        let found = try optionalLinear(name, rows, columns, mayTranspose: mayTranspose)
        guard let found else { throw missing("\(name).weight") }
        return found
    }

    private mutating func optionalLinear(
        _ name: String, _ rows: Int, _ columns: Int, mayTranspose: Bool = true
    ) throws -> Linear? {
        guard var tensor = try take("\(name).weight") else { return nil }
        let isTransposed = names.isTransposed && mayTranspose
        let shape = isTransposed ? [columns, rows] : [rows, columns]
        guard tensor.shape == shape else { throw wrongShape(tensor, shape) }
        if isTransposed { tensor = tensor.transposed() }
        return Linear(matrix: WeightMatrix(tensor), bias: try vector("\(name).bias", rows))
    }

    private static func slice(_ linear: Linear, _ ranges: [Range<Int>]) -> Linear {
        Linear(
            matrix: linear.matrix.slice(ranges),
            bias: linear.bias.map { bias in ranges.flatMap { bias[$0] } })
    }

    private func checkAllUsed() throws {
        let stray = file.tensorNames.first { name in
            !used.contains(name) && !names.ignored.contains { name.contains($0) }
        }
        guard let stray else { return }
        throw LanguageModelError.unsupported(
            path: file.path,
            feature: "the tensor \(stray), which has no place in \(architecture.family)", hint: "")
    }
}

extension Tensor {
    /// The matrix with rows and columns exchanged, as a copy.
    ///
    /// - Precondition: The type is not quantised.
    func transposed() -> Tensor {
        precondition(!type.isQuantized && shape.count == 2)
        let size = type.bytesPerBlock
        let (rows, columns) = (shape[0], shape[1])
        let copy = HeapStorage(byteCount: bytes.count) { destination in
            for row in 0..<rows {
                for column in 0..<columns {
                    let source = (row * columns + column) * size
                    let target = (column * rows + row) * size
                    for byte in 0..<size { destination[target + byte] = bytes[source + byte] }
                }
            }
        }
        return Tensor(
            name: name, type: type, shape: [columns, rows], bytes: copy.bytes, storage: copy)
    }
}
