import CKernels
import Foundation
import Testing

@testable import LanguageModel

/// The fast products against the dequantised matrix, and against each other, on random shapes.
@Suite struct MatrixKernelTests {
    /// xorshift, so that a failure can be repeated.
    struct Noise {
        var state: UInt64

        mutating func bits() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }

        /// From -1 to 1.
        mutating func float() -> Float { Float(bits() >> 40) / Float(1 << 23) - 1 }
    }

    /// A random matrix of a type, as a file would hold it: every bit pattern of the integers,
    /// scales of a size that occurs.
    struct RawMatrix {
        let type: TensorType
        let rows: Int
        let columns: Int
        var bytes: [UInt8]

        init(_ type: TensorType, rows: Int, columns: Int, noise: inout Noise) {
            self.type = type
            self.rows = rows
            self.columns = columns
            let rowBytes = type.rowBytes(columns: columns)
            bytes = (0..<rows * rowBytes).map { _ in UInt8(truncatingIfNeeded: noise.bits() >> 20) }
            let halves: [Int] =
                switch type {
                case .q4_0, .q5_0, .q8_0, .iq4_nl, .iq4_xs, .f16: [0]
                case .q4_1, .q5_1, .q4_K, .q5_K: [0, 2]
                case .q2_K: [80, 82]
                case .q3_K: [108]
                case .q6_K: [208]
                case .f32, .bf16, .mxfp4: []
                }
            for block in stride(from: 0, to: bytes.count, by: type.bytesPerBlock) {
                for offset in halves {
                    let half = rk_f32_to_f16(noise.float() * 0.01)
                    bytes[block + offset] = UInt8(half & 255)
                    bytes[block + offset + 1] = UInt8(half >> 8)
                }
                switch type {
                case .mxfp4: bytes[block] = 120
                case .f32, .bf16:
                    let bits = noise.float().bitPattern
                    for byte in 0..<type.bytesPerBlock {
                        let shift = (byte + 4 - type.bytesPerBlock) * 8
                        bytes[block + byte] = UInt8(truncatingIfNeeded: bits >> shift)
                    }
                default: break
                }
            }
        }

        func floats() -> [Float] {
            var result = [Float](repeating: 0, count: rows * columns)
            let rowBytes = type.rowBytes(columns: columns)
            bytes.withUnsafeBytes { source in
                for row in 0..<rows {
                    result.withUnsafeMutableBufferPointer { target in
                        _ = rk_dequantize_row(
                            Int32(type.rawValue), source.baseAddress! + row * rowBytes,
                            target.baseAddress! + row * columns, Int64(columns))
                    }
                }
            }
            return result
        }
    }

    /// In some blocks of some tokens one input stands out, in some two; in few so far that all the
    /// others are next to nothing.
    static func inputs(_ count: Int, _ noise: inout Noise) -> [Float] {
        var inputs = (0..<count).map { _ in noise.float() }
        for index in inputs.indices where noise.bits() >> 20 % 100 == 0 {
            inputs[index] *= noise.bits() >> 20 % 20 == 0 ? 10_000 : 30
        }
        return inputs
    }

    static func choices() -> [rk_kernel_choice] {
        [
            RK_KERNELS_AVX2, RK_KERNELS_AVX_VNNI, RK_KERNELS_AVX512, RK_KERNELS_AMX,
            RK_KERNELS_NEON,
        ]
        .filter { rk_kernels_get($0) != nil }
    }

    func withPackedCopy<Result>(
        of raw: RawMatrix, _ body: (inout rk_matrix) -> Result
    ) -> Result {
        var matrix = rk_matrix()
        let size = rk_matrix_plan(
            &matrix, Int32(raw.type.rawValue), Int32(raw.rows), Int32(raw.columns))
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 64)
        defer { memory.deallocate() }
        matrix.data = memory.assumingMemoryBound(to: UInt8.self)
        raw.bytes.withUnsafeBufferPointer { bytes in
            let rowBytes = raw.type.rowBytes(columns: raw.columns)
            let rows = (0..<raw.rows).map { row -> UnsafePointer<UInt8>? in
                bytes.baseAddress! + row * rowBytes
            }
            rk_matrix_pack(&matrix, rows, 0, Int32(raw.rows))
        }
        return body(&matrix)
    }

    /// [token][row] products of a packed copy of the matrix, so many times added; the halves of its
    /// whole groups side by side where that is asked for.
    func product(
        _ raw: RawMatrix, _ inputs: [Float], tokens: Int, choice: rk_kernel_choice,
        form: rk_inputs = RK_INPUTS_INT, times: Int = 1, apart: Bool = false
    ) -> [Float] {
        let setBytes = Int(rk_activations_bytes(Int32(tokens), Int32(raw.columns)))
        let setMemory = UnsafeMutableRawPointer.allocate(byteCount: setBytes, alignment: 64)
        defer { setMemory.deallocate() }
        var set = rk_activations()
        rk_activations_place(&set, setMemory, Int32(tokens), Int32(raw.columns), form)
        let kernels = rk_kernels_get(choice)!.pointee
        inputs.withUnsafeBufferPointer { inputs in
            for token in 0..<tokens {
                kernels.prepare(
                    &set, Int32(token), inputs.baseAddress! + token * raw.columns, 0,
                    Int32(raw.columns), true, true)
            }
        }
        var output = [Float](repeating: .nan, count: tokens * raw.rows)
        withPackedCopy(of: raw) { matrix in
            let couples = apart ? Int32(raw.rows / 16 / 2) : 0
            let all = Int32((raw.rows + 15) / 16)
            let beside = rk_groups(
                first: 0, count: couples, apart: matrix.stride * Int64(couples),
                outputs_apart: Int64(couples) * 16)
            let alone = rk_groups(
                first: couples * 2, count: all - couples * 2, apart: 0, outputs_apart: 0)
            for time in 0..<times {
                for groups in [beside, alone] where groups.count > 0 {
                    kernels.multiply(
                        &matrix, &set, groups, &output, Int64(raw.rows), time > 0)
                }
            }
        }
        return output
    }

    /// Root of the mean squared difference over that of the expected values.
    func relativeError(_ found: [Float], _ expected: [Double]) -> Double {
        var difference = 0.0
        var size = 0.0
        for (found, expected) in zip(found, expected) {
            difference += (Double(found) - expected) * (Double(found) - expected)
            size += expected * expected
        }
        return (difference / size).squareRoot()
    }

    /// Inputs as the kernels round them by the rule at `rk_activations`.
    func quantized(_ inputs: [Float]) -> [Double] {
        var result: [Double] = []
        for start in stride(from: 0, to: inputs.count, by: 32) {
            let block = inputs[start..<start + 32]
            let largest = block.map(abs).max()!
            var rest = block.map(abs)
            var scale: Float = 0
            for outliers in 0...2 {
                let most = rest.max()!
                scale = max(most / 127, outliers > 0 ? largest / 32767 : 0)
                let coarse = rest.map { ($0 * (127 / most)).rounded(.toNearestOrEven) }
                if most == 0 || coarse.reduce(0, { $0 + $1 * $1 }) >= 9 * 127 * 127 / 4 { break }
                rest[rest.firstIndex(of: most)!] = 0
            }
            result += block.map {
                Double(($0 * (1 / scale)).rounded(.toNearestOrEven)) * Double(scale)
            }
        }
        return result
    }

    /// [token][row] products in float64.
    func exactProduct(
        _ weights: [Float], rows: Int, columns: Int, tokens: Int, input: (Int) -> Double
    ) -> [Double] {
        var result = [Double](repeating: 0, count: tokens * rows)
        for token in 0..<tokens {
            for row in 0..<rows {
                for column in 0..<columns {
                    result[token * rows + row] +=
                        Double(weights[row * columns + column]) * input(token * columns + column)
                }
            }
        }
        return result
    }

    /// What a set holds of each block of its only token.
    private struct Block: Equatable {
        var quants: [Int8]
        var scale: Float
        var totals: [Int32]
        var values: [Int16]
        var columns: [UInt8]
    }

    /// The blocks of a row, readied in pieces that end at `cuts`.
    private func blocks(
        _ row: [Float], cuts: [Int] = [], _ choice: rk_kernel_choice
    ) -> [Block] {
        let size = Int(rk_activations_bytes(1, Int32(row.count)))
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        defer { memory.deallocate() }
        var set = rk_activations()
        rk_activations_place(&set, memory, 1, Int32(row.count), RK_INPUTS_INT)
        var first = 0
        for end in cuts + [row.count / 32] {
            rk_kernels_get(choice)!.pointee.prepare(
                &set, 0, row, Int32(first * 32), Int32((end - first) * 32), true, false)
            first = end
        }
        return (0..<row.count / 32).map { block in
            let outliers = set.outliers[block]
            return Block(
                quants: (0..<32).map { set.quants[block * 32 + $0] }, scale: set.scales[block],
                totals: (0..<3).map { set.totals[block * 3 + $0] },
                values: [outliers.value.0, outliers.value.1],
                columns: [outliers.column.0, outliers.column.1])
        }
    }

    /// Several blocks are rounded together: neither how a row is cut nor what stands in one block
    /// changes another.
    @Test func eachBlockIsRoundedByItself() {
        var noise = Noise(state: 77)
        var row = (0..<11 * 32).map { _ in noise.float() }
        for index in [40, 5 * 32 + 3, 5 * 32 + 20, 6 * 32, 10 * 32 + 31] {
            row[index] = 30 + Float(index % 7)
        }
        for choice in Self.choices() {
            let whole = blocks(row, choice)
            #expect(whole[5].values[1] != 0 && whole[6].values[0] != 0 && whole[7].values[0] == 0)
            for cuts in [[1], [2, 5], [3, 4, 9]] {
                #expect(blocks(row, cuts: cuts, choice) == whole)
            }
            for block in whole.indices {
                for strange: Float in [
                    .nan, .infinity, -.infinity, 0, 1e30,
                    .leastNonzeroMagnitude,
                ] {
                    var changed = row
                    for column in strange == 0 ? 0..<32 : 3..<5 {
                        changed[block * 32 + column] = strange
                    }
                    let found = blocks(changed, choice)
                    for other in whole.indices where other != block {
                        #expect(found[other] == whole[other])
                    }
                }
            }
        }
    }

    /// A token's product is bound by memory, so a packed copy may not be much larger than the file:
    /// scales of Q2_K and IQ4_XS have fewer bits there.
    @Test(arguments: TensorType.allCases)
    func packedCopiesAreAsSmallAsTheFile(type: TensorType) {
        var matrix = rk_matrix()
        let size = rk_matrix_plan(&matrix, Int32(type.rawValue), 64, 2048)
        let file = 64 * type.rowBytes(columns: 2048)
        let most = type == .q2_K ? 1.2 : 1.06
        #expect(Double(size) <= Double(file) * most)
    }

    /// Bounds: of the rounded inputs only the scales of IQ4_XS, rounded to float16, remain; of the
    /// inputs as they are, 8 bits of a block's largest where none stands out.
    @Test(arguments: TensorType.allCases)
    func fastProductsEqualTheDequantisedMatrix(type: TensorType) {
        var noise = Noise(state: 0x9E37_79B9 + UInt64(type.rawValue))
        // Of seven blocks of 32 columns, the last one shares no line of scales.
        for (rows, columns, tokens) in [
            (83, 512, 1), (16, 256, 13), (40, 768, 5), (35, 512, 8), (7, 256, 26),
            (83, 224, 1), (35, 224, 7), (17, 2304, 2),
        ] where columns.isMultiple(of: type.blockSize) {
            let raw = RawMatrix(type, rows: rows, columns: columns, noise: &noise)
            let inputs = Self.inputs(tokens * columns, &noise)
            let weights = raw.floats()
            let rounded = quantized(inputs)
            let isFloat = [.f32, .f16, .bf16].contains(type)
            let expected = exactProduct(weights, rows: rows, columns: columns, tokens: tokens) {
                isFloat ? Double(inputs[$0]) : rounded[$0]
            }
            let unrounded = exactProduct(weights, rows: rows, columns: columns, tokens: tokens) {
                Double(inputs[$0])
            }
            var all = Self.choices().map { product(raw, inputs, tokens: tokens, choice: $0) }
            for choice in Self.choices()
            where tokens == 1 && rk_kernels_get(choice)!.pointee.reads_apart {
                all.append(product(raw, inputs, tokens: 1, choice: choice, apart: true))
            }
            for found in all {
                #expect(relativeError(found, expected) < (type == .iq4_xs ? 0.0005 : 1e-5))
                #expect(relativeError(found, unrounded) < 0.005)
                // Same integers, same order of the float sums: the same bits.
                #expect(found == all[0])
            }
        }
    }

    /// To 8 significant bits, as tiles take numbers.
    func asBF16(_ value: Float) -> Double {
        let bits = value.bitPattern
        // The nearest, of two as near the even one.
        let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
        return Double(Float(bitPattern: rounded & 0xFFFF_0000))
    }

    /// Columns of several panels, a last group of few rows, tiles of all widths.
    @Test(
        .enabled(if: rk_kernels_get(RK_KERNELS_AMX) != nil, "this processor has no tiles"),
        arguments: TensorType.allCases)
    func tilesMultiplyRoundedWeightsByRoundedInputs(type: TensorType) {
        var noise = Noise(state: 0xB5AD_4ECE + UInt64(type.rawValue))
        for (rows, columns, tokens) in [(83, 512, 1), (16, 256, 13), (40, 3328, 37), (7, 256, 70)] {
            let raw = RawMatrix(type, rows: rows, columns: columns, noise: &noise)
            let inputs = Self.inputs(tokens * columns, &noise)
            let isFloat = [.f32, .f16, .bf16].contains(type)
            var rounded = [Float](repeating: 0, count: rows * columns)
            withPackedCopy(of: raw) { matrix in
                for row in 0..<rows {
                    rounded.withUnsafeMutableBufferPointer {
                        rk_matrix_row(&matrix, Int32(row), $0.baseAddress! + row * columns)
                    }
                }
            }
            if !isFloat { rounded = rounded.map { Float(asBF16($0)) } }
            let expected = exactProduct(rounded, rows: rows, columns: columns, tokens: tokens) {
                isFloat ? Double(inputs[$0]) : asBF16(inputs[$0])
            }
            let unrounded = exactProduct(
                raw.floats(), rows: rows, columns: columns, tokens: tokens
            ) { Double(inputs[$0]) }
            let found = product(
                raw, inputs, tokens: tokens, choice: RK_KERNELS_AMX, form: RK_INPUTS_BF16)
            #expect(relativeError(found, expected) < 1e-5)
            #expect(relativeError(found, unrounded) < 0.0035)
            let twice = product(
                raw, inputs, tokens: tokens, choice: RK_KERNELS_AMX, form: RK_INPUTS_BF16, times: 2)
            #expect(relativeError(twice, expected.map { $0 * 2 }) < 1e-5)
            // Alone, a token has the same bits.
            let alone = product(
                raw, Array(inputs.suffix(columns)), tokens: 1, choice: RK_KERNELS_AMX,
                form: RK_INPUTS_BF16)
            #expect(alone == found.suffix(rows))
        }
    }
}
