import CKernels
import Testing
import Training

struct MatrixProductTests {
    static let kinds = [
        RK_SGEMM_AVX2, RK_SGEMM_AVX512, RK_SGEMM_NEON, RK_SGEMM_GENERIC, RK_SGEMM_AUTO,
    ].map { Int32($0.rawValue) }

    /// Every fast product against the reference on random shapes, transposes, leading
    /// dimensions and factors. Inputs lie in ±½, so a sum of k products has rounding errors of
    /// some √k · 2⁻²⁴ · ¼; 1e-5 is ten times that at k = 700.
    @Test(arguments: kinds.filter { rk_sgemm_supports($0) })
    func agreesWithTheReference(kind: Int32) {
        var random = SplitMix64(seed: UInt64(kind) + 17)
        for round in 0..<60 {
            let m = 1 + random.below(70)
            let n = 1 + random.below(70)
            let k = 1 + random.below(700)
            let (ta, tb) = (random.below(2) == 1, random.below(2) == 1)
            let lda = (ta ? m : k) + random.below(3)
            let ldb = (tb ? k : n) + random.below(3)
            let ldc = n + random.below(3)
            func matrix(_ count: Int) -> [Float] {
                (0..<count).map { _ in Float(random.uniform()) - 0.5 }
            }
            let a = matrix(lda * (ta ? k : m))
            let b = matrix(ldb * (tb ? n : k))
            let start = matrix(ldc * m)
            let beta: Float = [0, 1, 0.5][round % 3]
            var expected = start
            var found = start
            rk_sgemm_with(
                Int32(RK_SGEMM_REFERENCE.rawValue), ta, tb, m, n, k, 0.7, a, lda, b, ldb, beta,
                &expected, ldc)
            rk_sgemm_with(kind, ta, tb, m, n, k, 0.7, a, lda, b, ldb, beta, &found, ldc)
            let worst = zip(found, expected).map { abs($0 - $1) }.max()!
            #expect(worst < 1e-5, "\(m) x \(n) x \(k), transposed \(ta) \(tb)")
        }
    }

    @Test func resultDoesNotDependOnThreads() {
        var random = SplitMix64(seed: 4)
        let (m, n, k) = (190, 333, 300)
        let a = (0..<m * k).map { _ in Float(random.normal()) }
        let b = (0..<n * k).map { _ in Float(random.normal()) }
        let results = [Int32(1), 2, 3, 5].map { threads in
            var c = [Float](repeating: .nan, count: m * n)
            rk_sgemm(false, true, m, n, k, 1, a, k, b, k, 0, &c, n, threads)
            return c
        }
        #expect(results.dropFirst().allSatisfy { $0 == results[0] })
        #expect(results[0].allSatisfy { $0.isFinite }, "beta 0 must not read C")
    }
}
