import Foundation

extension ModelFiles.TokenizerSource {
    /// What a person wants to know about the model.
    func info(_ architecture: Architecture, path: String) throws -> ModelInfo {
        let statistics = TensorStatistics(file: file, declaration: declaration(of:))
        return ModelInfo(
            name: name(path: path), path: path, architecture: architecture.family,
            parameterCount: statistics.parameterCount,
            quantization: quantization(statistics), fileBytes: fileBytes,
            layerCount: architecture.layerCount, embeddingWidth: architecture.width,
            vocabularySize: architecture.vocabularySize,
            contextLength: architecture.contextLength, license: try license(),
            fingerprint: try fingerprint())
    }

    /// The part of a description that every well-formed file has.
    func outline(path: String) throws -> ModelDescription {
        let statistics = TensorStatistics(file: file, declaration: declaration(of:))
        let architecture: String? =
            switch self {
            case .gguf(let file): file.metadata["general.architecture"]?.string
            case .huggingFace(let folder): folder.config["model_type"]?.string
            }
        return ModelDescription(
            name: name(path: path), architecture: architecture ?? "not stated",
            license: try license(), fileBytes: fileBytes,
            parameterCount: statistics.parameterCount,
            types: statistics.tensorsByType
                .sorted { ($0.value, $1.key) > ($1.value, $0.key) }
                .map { (name: $0.key, tensors: $0.value) })
    }

    private func declaration(of name: String) -> (type: String, shape: [Int])? {
        switch self {
        case .gguf(let file): file.declaration(of: name)
        case .huggingFace(let folder): folder.declaration(of: name)
        }
    }

    private var fileBytes: Int {
        switch self {
        case .gguf(let file): file.fileBytes
        case .huggingFace(let folder): folder.fileBytes
        }
    }

    private func name(path: String) -> String {
        switch self {
        case .gguf(let file): file.modelName(path: path)
        case .huggingFace(let folder): ModelPlace.folderName(folder.path)
        }
    }

    private func license() throws -> String? {
        switch self {
        case .gguf(let file):
            return file.metadata["general.license"]?.string
        case .huggingFace(let folder):
            // The model card's front matter: `license: apache-2.0` between two lines of dashes.
            guard let data = try folder.data(of: "README.md") else { return nil }
            let lines = String(decoding: data.prefix(65_536), as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false)
            guard lines.first == "---" else { return nil }
            for line in lines.dropFirst() {
                if line == "---" { return nil }
                if line.hasPrefix("license:") {
                    return line.dropFirst(8).trimmingCharacters(in: .whitespaces)
                }
            }
            return nil
        }
    }

    /// The type that most bytes are of; a mix of K-quants by its usual name.
    private func quantization(_ statistics: TensorStatistics) -> String {
        let label = statistics.mainType
        guard case .gguf(let file) = self,
            let mix = file.metadata["general.file_type"]?.int.flatMap({ Self.mixes[$0] }),
            mix.hasPrefix(label)
        else { return label }
        return mix
    }

    /// llama.cpp's `general.file_type` of the mixes that are known by a name of their own.
    private static let mixes = [
        11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
        17: "Q5_K_M",
    ]

    /// SHA-256 over settings and a sample of every tensor: three pieces of a kilobyte, so that
    /// a model of any size takes milliseconds.
    private func fingerprint() throws -> String {
        var hash = SHA256()
        switch self {
        case .gguf(let file):
            for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
                hash.add("\(key)=")
                if let array = value.array {
                    hash.add("\(array.count)")
                    Self.addSample(of: array.bytes, to: &hash)
                } else {
                    hash.add("\(value)")
                }
            }
        case .huggingFace(let folder):
            if let config = try folder.data(of: "config.json") {
                config.withUnsafeBytes { hash.add($0) }
            }
        }
        for name in file.tensorNames.sorted() {
            guard let (type, shape) = declaration(of: name) else { continue }
            hash.add("\(name) \(type) \(shape)")
            // A tensor of an unsupported type cannot be sampled, nor the model used.
            if let tensor = try? file.tensor(name) { Self.addSample(of: tensor.bytes, to: &hash) }
        }
        return hash.hexDigest
    }

    private static func addSample(of bytes: UnsafeRawBufferPointer, to hash: inout SHA256) {
        let piece = 1024
        guard bytes.count > 3 * piece else { return hash.add(bytes) }
        for start in [0, (bytes.count - piece) / 2, bytes.count - piece] {
            hash.add(UnsafeRawBufferPointer(rebasing: bytes[start..<start + piece]))
        }
    }
}

/// Counts over a file's tensors.
private struct TensorStatistics {
    var parameterCount = 0
    private(set) var tensorsByType: [String: Int] = [:]
    private var bytesByType: [String: Int] = [:]

    init(file: any WeightFile, declaration: (String) -> (type: String, shape: [Int])?) {
        for name in file.tensorNames where !name.hasPrefix("rope_f") {
            guard let (type, shape) = declaration(name) else { continue }
            let count = shape.reduce(1, &*)
            parameterCount &+= count
            tensorsByType[type, default: 0] += 1
            let bytes = (try? file.tensor(name))??.bytes.count ?? count
            bytesByType[type, default: 0] &+= bytes
        }
    }

    /// Ties go to the alphabetically first, so that the answer is always the same.
    var mainType: String {
        bytesByType.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "none"
    }
}
