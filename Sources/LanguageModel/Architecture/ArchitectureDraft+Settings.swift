/// Bounds on what a file may claim, far above any model's and far below overflow.
private enum Limit {
    static let layers = 4096
    static let heads = 1 << 14
    static let size = 1 << 22
    static let context = 1 << 31
}

extension ArchitectureDraft {
    /// What all families have in common, as llama has it.
    init(settings: ModelSettings, file: any WeightFile, family: ModelFamily) throws {
        let layerCount = try settings.count(.layers, limit: Limit.layers)
        guard layerCount <= file.tensorNames.count else {
            throw settings.failure(
                .layers,
                "\(layerCount) layers cannot be in a file of \(file.tensorNames.count) tensors")
        }
        let width = try settings.count(.width, limit: Limit.size)
        let heads = try settings.perLayer(.heads, layers: layerCount, limit: Limit.heads)
        guard let heads else { throw settings.failure(.heads, "it is missing") }
        let keyValueHeads =
            try settings.perLayer(.keyValueHeads, layers: layerCount, limit: Limit.heads) ?? heads
        var headSize = try settings.int(.keyLength)
        if headSize == nil, width % heads[0] == 0 { headSize = width / heads[0] }
        guard let headSize else {
            throw settings.failure(.heads, "\(heads[0]) heads do not divide the width \(width)")
        }
        let experts = try Self.experts(settings)
        let hidden = try settings.perLayer(.hidden, layers: layerCount, limit: Limit.size)
        let layers = heads.indices.map { index in
            Architecture.Layer(
                headCount: heads[index], keyValueHeadCount: keyValueHeads[index],
                feedForward: experts == nil
                    ? .dense(width: hidden?[index] ?? 4 * width) : .experts)
        }
        let checkedSize = try settings.checked(headSize, .keyLength, limit: Limit.size)
        let valueSize = try settings.checked(
            try settings.int(.valueLength) ?? headSize, .valueLength, limit: Limit.size)
        architecture = Architecture(
            family: family.name, width: width,
            vocabularySize: try Self.vocabularySize(settings, file),
            contextLength: try settings.count(.context, limit: Limit.context),
            headSize: checkedSize, valueHeadSize: valueSize, layers: layers,
            attentionScale: 1 / Float(headSize).squareRoot())
        architecture.experts = experts
        architecture.isGated = true
        self.settings = settings
        self.file = file
        self.family = family
        names = settings.isGGUF ? .gguf : family.names
        try readNormEpsilon(.rmsEpsilon, default: 1e-6)
        if let name = try settings.string(.activation) {
            architecture.activation = try Self.activation(name, settings)
        }
        architecture.isOutputTied = try isTied()
    }

    /// Rows of the embedding in GGUF, where the key may be missing.
    private static func vocabularySize(_ settings: ModelSettings, _ file: any WeightFile) throws
        -> Int
    {
        if settings.isGGUF, let embedding = try file.tensor("token_embd.weight") {
            return embedding.rows
        }
        return try settings.count(.vocabulary, limit: Limit.size * 4)
    }

    private static func experts(_ settings: ModelSettings) throws -> Architecture.Experts? {
        guard let count = try settings.int(.experts), count > 0 else { return nil }
        let expertCount = try settings.checked(count, .experts, limit: Limit.heads)
        let hidden = try settings.int(.expertHidden) ?? settings.int(.hidden) ?? 0
        return Architecture.Experts(
            count: expertCount,
            usedCount: try settings.count(.usedExperts, limit: expertCount),
            width: try settings.checked(hidden, .expertHidden, limit: Limit.size),
            softmaxBeforeSelection: true, normalizesWeights: true)
    }

    static func activation(_ name: String, _ settings: ModelSettings) throws
        -> Architecture.Activation
    {
        switch name {
        case "silu", "swish": return .silu
        case "relu": return .relu
        case "gelu", "gelu_python": return .gelu
        case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_tanh": return .geluTanh
        default:
            throw LanguageModelError.unsupported(
                path: settings.path, feature: "the activation \(name)", hint: "")
        }
    }

    private func isTied() throws -> Bool {
        if settings.isGGUF { return !hasTensor("output.weight") }
        let hasHead = file.tensorNames.contains { $0.hasSuffix("\(names.output).weight") }
        if !hasHead { return true }
        return try settings.bool(.isTied) ?? false
    }

    mutating func readNormEpsilon(_ setting: Setting, default value: Float) throws {
        let epsilon = try settings.float(setting) ?? value
        guard epsilon >= 0, epsilon < 1 else {
            throw settings.failure(setting, "\(epsilon) is no small number")
        }
        architecture.normEpsilon = epsilon
    }

    /// Layer norms with biases, as before llama.
    mutating func useLayerNorm() throws {
        architecture.norm = .layer
        try readNormEpsilon(.layerEpsilon, default: 1e-5)
    }

    /// The activation of a family whose GGUF files do not name it.
    mutating func useActivation(_ activation: Architecture.Activation) throws {
        if try settings.string(.activation) == nil { architecture.activation = activation }
    }

    // MARK: Sliding windows

    /// The file's window; nil where it has none or 0.
    func window() throws -> Int? {
        guard let window = try settings.int(.slidingWindow), window != 0 else { return nil }
        guard window > 0 else { throw settings.failure(.slidingWindow, "\(window) is below 0") }
        return window
    }

    /// Gives the window to the layers that the file lists, or else to those of `pattern`.
    mutating func slide(where pattern: (Int) -> Bool) throws {
        guard let window = try window() else { return }
        let slides = try slidingLayers() ?? architecture.layers.indices.map(pattern)
        for index in architecture.layers.indices where slides[index] {
            architecture.layers[index].slidingWindow = window
        }
    }

    /// Which layers slide, where the file says so.
    func slidingLayers() throws -> [Bool]? {
        if let types = try settings.strings(.layerTypes) {
            guard types.count == layerCount else {
                throw settings.failure(
                    .layerTypes, "it lists \(types.count) values for \(layerCount) layers")
            }
            for type in types where type != "full_attention" && type != "sliding_attention" {
                throw unsupported("the layer type \(type)")
            }
            return types.map { $0 == "sliding_attention" }
        }
        guard let pattern = try settings.ints(.slidingPattern) else { return nil }
        if pattern.count == 1, layerCount != 1 || !settings.isGGUF {
            let period = pattern[0]
            guard period >= 0 else { throw settings.failure(.slidingPattern, "it is below 0") }
            // A period of 0 is no global layer at all.
            return architecture.layers.indices.map { period == 0 || ($0 + 1) % period != 0 }
        }
        guard pattern.count == layerCount else {
            throw settings.failure(
                .slidingPattern, "it lists \(pattern.count) values for \(layerCount) layers")
        }
        return pattern.map { $0 != 0 }
    }

    // MARK: Rotations

    /// A rotation from the file's settings, added to the architecture.
    ///
    /// - Returns: Its index.
    mutating func addRope(
        layerType: String = "full_attention", base: Double? = nil, defaultBase: Double = 10_000,
        partial: Double = 1, scales: Bool = true
    ) throws -> Int {
        let a = architecture
        let file = file
        let settings = settings
        let read = try settings.rope(
            layerType: layerType, defaultBase: defaultBase, context: a.contextLength
        ) { name in
            guard let tensor = try file.tensor(name) else { return nil }
            let factors = tensor.elementCount <= a.headSize ? tensor.floats() : []
            guard !factors.isEmpty, factors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
                throw LanguageModelError.invalidFile(
                    path: settings.path, place: "tensor \(name)",
                    reason: "it must hold numbers above 0, one for each pair of a head")
            }
            return factors
        }
        let dimension = read.dimension ?? Int(Double(a.headSize) * min(read.partial ?? partial, 1))
        guard dimension > 0, dimension % 2 == 0, dimension <= a.headSize else {
            throw settings.failure(
                .ropeDimension, "\(dimension) is no even count up to the head size \(a.headSize)")
        }
        let scaling = scales ? read.scaling : .none
        var lists: [[Float]] = []
        if case .divided(let factors) = scaling { lists = [factors] }
        if case .long(let short, let long, _) = scaling { lists = [short, long] }
        for list in lists where list.count != dimension / 2 {
            throw settings.failure(
                .ropeScaling, "it lists \(list.count) factors for \(dimension / 2) pairs")
        }
        let rope =
            Architecture.Rope(
                dimension: dimension, base: base ?? read.base,
                pairing: settings.isGGUF && family.isPermutedInGGUF ? .interleaved : .halves,
                scaling: scaling, attentionFactor: scales ? read.attentionFactor : 1)
        let frequencies = rope.inverseFrequencies + (rope.long?.inverseFrequencies ?? [])
        guard frequencies.allSatisfy(\.isFinite), rope.attentionFactor.isFinite else {
            throw settings.failure(.ropeBase, "base and scaling give no finite frequencies")
        }
        architecture.ropes.append(rope)
        return architecture.ropes.count - 1
    }

    /// Rotates every layer alike where the family said nothing else.
    mutating func addDefaultRope() throws {
        guard architecture.ropes.isEmpty, architecture.learnedPositionOffset == nil else { return }
        try rotateAll()
    }

    mutating func rotateAll(defaultBase: Double = 10_000, partial: Double = 1) throws {
        let rope = try addRope(defaultBase: defaultBase, partial: partial)
        for index in architecture.layers.indices { architecture.layers[index].rope = rope }
    }

    // MARK: Checks

    /// What must hold whatever the family, so that no later step divides by zero or overflows.
    func validate() throws {
        let a = architecture
        for layer in a.layers {
            guard layer.headCount % layer.keyValueHeadCount == 0 else {
                throw settings.failure(
                    .keyValueHeads,
                    "\(layer.keyValueHeadCount) do not divide \(layer.headCount) heads")
            }
        }
        let scales = [a.embeddingScale, a.residualScale, a.attentionScale, a.logitScale]
        guard scales.allSatisfy(\.isFinite) else {
            throw LanguageModelError.invalidFile(
                path: settings.path, place: "the settings", reason: "a scale is not finite")
        }
        for (cap, setting) in [
            (a.attentionSoftCap, Setting.attentionSoftCap), (a.logitSoftCap, .logitSoftCap),
        ] {
            if let cap, !(cap > 0) { throw settings.failure(setting, "\(cap) is not above 0") }
        }
    }
}
