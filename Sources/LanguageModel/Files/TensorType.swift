/// How the numbers of a tensor are stored. The raw value is ggml's type id.
///
/// Quantised types store blocks of ``blockSize`` weights in ``bytesPerBlock`` bytes; the
/// layouts are those of ggml's `ggml-common.h`.
public enum TensorType: UInt32, Sendable, CaseIterable, Hashable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q2_K = 10
    case q3_K = 11
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
    case iq4_nl = 20
    case iq4_xs = 23
    case bf16 = 30
    case mxfp4 = 39

    /// Weights in a block; a row is a whole number of blocks.
    public var blockSize: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_nl, .mxfp4: 32
        case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_xs: 256
        }
    }

    public var bytesPerBlock: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4_0, .iq4_nl: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q2_K: 84
        case .q3_K: 110
        case .q4_K: 144
        case .q5_K: 176
        case .q6_K: 210
        case .iq4_xs: 136
        case .mxfp4: 17
        }
    }

    /// The name that llama.cpp's tools print.
    public var name: String {
        switch self {
        case .f32: "F32"
        case .f16: "F16"
        case .q4_0: "Q4_0"
        case .q4_1: "Q4_1"
        case .q5_0: "Q5_0"
        case .q5_1: "Q5_1"
        case .q8_0: "Q8_0"
        case .q2_K: "Q2_K"
        case .q3_K: "Q3_K"
        case .q4_K: "Q4_K"
        case .q5_K: "Q5_K"
        case .q6_K: "Q6_K"
        case .iq4_nl: "IQ4_NL"
        case .iq4_xs: "IQ4_XS"
        case .bf16: "BF16"
        case .mxfp4: "MXFP4"
        }
    }

    public var isQuantized: Bool { blockSize > 1 }

    /// Bytes of a row of `columns` weights, which must be a multiple of ``blockSize``.
    public func rowBytes(columns: Int) -> Int {
        columns / blockSize * bytesPerBlock
    }

    /// ggml's name of any type id, also of those that are not supported.
    static func name(ofID id: UInt32) -> String {
        if let type = TensorType(rawValue: id) { return type.name }
        return unsupportedNames[id] ?? "type \(id)"
    }

    private static let unsupportedNames: [UInt32: String] = [
        4: "Q4_2", 5: "Q4_3", 9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
        19: "IQ1_S", 21: "IQ3_S", 22: "IQ2_S", 24: "I8", 25: "I16", 26: "I32", 27: "I64",
        28: "F64", 29: "IQ1_M", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 34: "TQ1_0",
        35: "TQ2_0", 40: "NVFP4", 41: "Q1_0",
    ]
}
