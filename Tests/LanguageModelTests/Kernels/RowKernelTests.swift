import CKernels
import Testing

@testable import LanguageModel

/// What the fast kernels do with rows of floats against the reference: whole vectors, and the
/// rest behind them.
@Suite struct RowKernelTests {
    let reference = rk_kernels_get(RK_KERNELS_REFERENCE)!

    func noise(_ count: Int, seed: UInt64) -> [Float] {
        var noise = MatrixKernelTests.Noise(state: 0x9E37_79B9 + seed)
        return (0..<count).map { _ in noise.float() }
    }

    func expectAlike(_ found: [Float], _ expected: [Float], _ name: String) {
        let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(worst < 2e-6, "\(name)")
    }

    @Test(arguments: [2, 12, 16, 32, 64, 80, 128], [false, true])
    func rotates(rotary: Int, isInterleaved: Bool) {
        let cosines = noise(rotary / 2, seed: 1)
        let sines = noise(rotary / 2, seed: 2)
        // Behind the rotated part a head goes on.
        let head = noise(rotary + 5, seed: 3)
        func rotated(_ kernels: UnsafePointer<rk_kernels>) -> [Float] {
            var head = head
            kernels.pointee.rotate(&head, Int32(rotary), isInterleaved, cosines, sines)
            return head
        }
        for choice in MatrixKernelTests.choices() {
            expectAlike(
                rotated(rk_kernels_get(choice)!), rotated(reference), "\(choice.rawValue)")
        }
    }

    @Test(arguments: [3, 16, 40, 576], [RK_NORM_RMS, RK_NORM_LAYER].map(\.rawValue))
    func normalizes(count: Int, kind: UInt32) {
        let row = noise(count, seed: 4)
        let weight = noise(count, seed: 5)
        let bias = noise(count, seed: 6)
        func normalized(_ kernels: UnsafePointer<rk_kernels>) -> [Float] {
            var output = [Float](repeating: 0, count: count)
            kernels.pointee.normalize(
                Int32(kind), row, weight, bias, 1e-5, Int32(count), &output)
            return output
        }
        for choice in MatrixKernelTests.choices() {
            expectAlike(
                normalized(rk_kernels_get(choice)!), normalized(reference), "\(choice.rawValue)")
        }
    }

    @Test(
        arguments: [3, 16, 100],
        [RK_ACT_SILU, RK_ACT_GELU_TANH, RK_ACT_GELU, RK_ACT_RELU].map(\.rawValue))
    func activates(count: Int, kind: UInt32) {
        let gate = noise(count, seed: 7).map { $0 * 8 }
        let up = noise(count, seed: 8)
        func activated(_ kernels: UnsafePointer<rk_kernels>, gated: Bool) -> [Float] {
            var row = gate
            up.withUnsafeBufferPointer {
                kernels.pointee.activate(
                    Int32(kind), &row, gated ? $0.baseAddress : nil, Int32(count))
            }
            return row
        }
        for choice in MatrixKernelTests.choices() {
            for gated in [false, true] {
                expectAlike(
                    activated(rk_kernels_get(choice)!, gated: gated),
                    activated(reference, gated: gated), "\(choice.rawValue)")
            }
        }
    }
}
