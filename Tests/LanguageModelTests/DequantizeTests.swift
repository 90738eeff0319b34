import CKernels
import Foundation
import Testing

@testable import LanguageModel

/// Against the `gguf` package, bit by bit.
@Suite struct DequantizeTests {
    struct Golden: Decodable {
        struct Case: Decodable, Sendable {
            let type: UInt32
            let name: String?
            let bytes: Data
            let values: Data

            var floats: [Float] {
                values.withUnsafeBytes { bytes in
                    (0..<bytes.count / 4).map {
                        bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
                    }
                }
            }
        }
        let dequantized: [Case]
        let quantized: [Case]
    }

    @Test(arguments: TensorType.allCases) func valuesEqualThoseOfGGUF(_ type: TensorType) throws {
        let golden: Golden = try golden("dequantize.json")
        let expected = try #require(golden.dequantized.first { $0.type == type.rawValue })
        #expect(expected.name == type.name)
        let values = expected.floats
        #expect(expected.bytes.count == type.rowBytes(columns: values.count))
        let storage = HeapStorage(byteCount: expected.bytes.count) { buffer in
            expected.bytes.withUnsafeBytes { buffer.copyMemory(from: $0) }
        }
        let tensor = Tensor(
            name: "golden", type: type, shape: [1, values.count], bytes: storage.bytes,
            storage: storage)
        #expect(tensor.floats().map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test func quantisedRowsEqualThoseOfGGUF() throws {
        let golden: Golden = try golden("dequantize.json")
        #expect(golden.quantized.count == 5)
        for expected in golden.quantized {
            var bytes = [UInt8](repeating: 0, count: expected.bytes.count)
            let values = expected.floats
            let written = rk_quantize_row(
                Int32(expected.type), values, &bytes, Int64(values.count))
            #expect(written == expected.bytes.count)
            #expect(Data(bytes) == expected.bytes, "type \(expected.type)")
        }
    }

    @Test func quantisingWhatIsNoNumberDoesNotTrap() {
        var row = [Float](repeating: .nan, count: 32)
        row[3] = .infinity
        row[4] = .leastNonzeroMagnitude
        var bytes = [UInt8](repeating: 0, count: 64)
        #expect(rk_quantize_row(8, row, &bytes, 32) == 34)
        #expect(rk_quantize_row(3, row, &bytes, 32) == 20)
    }

    @Test func halfPrecisionIsExactBothWays() {
        for bits in UInt16.min...UInt16.max {
            let value = rk_f16_to_f32(bits)
            #expect(
                value.isNaN
                    ? Float(Float16(bitPattern: bits)).isNaN
                    : value == Float(Float16(bitPattern: bits)))
            if !value.isNaN { #expect(rk_f32_to_f16(value) == bits) }
        }
        // Ties go to even, and what is too large to infinity.
        #expect(rk_f32_to_f16(1 + 0x1p-11) == 0x3C00)
        #expect(rk_f32_to_f16(1 + 3 * 0x1p-11) == 0x3C02)
        #expect(rk_f32_to_f16(65519) == 0x7BFF)
        #expect(rk_f32_to_f16(65520) == 0x7C00)
        #expect(rk_f32_to_f16(0x1p-25) == 0)
        #expect(rk_f32_to_f16(0x1.8p-25) == 1)
    }

    @Test func unknownTypesAreRefused() {
        var values = [Float](repeating: 7, count: 32)
        let bytes = [UInt8](repeating: 0, count: 256)
        #expect(rk_dequantize_row(16, bytes, &values, 32) == -1)
        #expect(values.allSatisfy { $0 == 7 })
    }
}
