import CKernels

/// Many L2-regularised logistic regressions over the same rows, solved together.
///
/// Column c minimises
///     f_c(w) = Σ_i u_ic · −[t_i log σ(x_i·w) + (1 − t_i) log σ(−x_i·w)] + ½ λ_c ‖w‖²
/// by Newton's method; each Newton system is solved by conjugate gradients (Nocedal & Wright,
/// algorithm 7.1). Folds and regularisation strengths differ only in u and λ, so one matrix
/// product serves all columns at each step, which is what makes cross-validation a matter of
/// seconds.
public struct LogisticBatch {
    /// Rows x `width`, row by row.
    public let features: [Float]
    public let rows: Int
    public let width: Int
    /// t_i, a row.
    public let targets: [Float]
    public var maxNewtonSteps = 30
    public var maxConjugateSteps = 60
    /// A column is solved when its gradient norm has fallen to this share of the norm at w = 0.
    public var tolerance: Float = 1e-4
    /// Columns solved in one go; bounds memory at 6 · (rows + width) · this many floats.
    public var columnsAtOnce = 256

    public init(features: [Float], width: Int, targets: [Float]) {
        precondition(width > 0 && features.count == targets.count * width, "rows of equal width")
        self.features = features
        self.rows = targets.count
        self.width = width
        self.targets = targets
    }

    public struct Column: Sendable {
        /// u: a weight a row; zero leaves a row out.
        public var rowWeights: [Float]
        public var regularization: Float

        public init(rowWeights: [Float], regularization: Float) {
            self.rowWeights = rowWeights
            self.regularization = regularization
        }
    }

    public struct Solution: Sendable {
        public var weights: [Float]
        /// x_i · w for every row, also for those left out: the held-out predictions.
        public var margins: [Float]
        public var isConverged: Bool
    }

    public func solve(_ columns: [Column], threads: Int = 0) -> [Solution] {
        var solutions: [Solution] = []
        solutions.reserveCapacity(columns.count)
        for start in stride(from: 0, to: columns.count, by: columnsAtOnce) {
            let end = min(start + columnsAtOnce, columns.count)
            var solver = NewtonSolver(
                problem: self, columns: columns[start..<end], threads: threads)
            solutions += solver.run()
        }
        return solutions
    }
}

/// State of one batched solve. Matrices are rows x columns or width x columns, row by row.
private struct NewtonSolver {
    let problem: LogisticBatch
    let count: Int
    let threads: Int
    let rowWeights: [Float]
    let regularization: [Float]
    var weights: [Float]
    var margins: [Float]

    init(problem: LogisticBatch, columns: ArraySlice<LogisticBatch.Column>, threads: Int) {
        self.problem = problem
        self.threads = threads
        count = columns.count
        var rowWeights = [Float](repeating: 0, count: problem.rows * columns.count)
        for (c, column) in columns.enumerated() {
            precondition(column.rowWeights.count == problem.rows, "one weight a row")
            for i in 0..<problem.rows { rowWeights[i * columns.count + c] = column.rowWeights[i] }
        }
        self.rowWeights = rowWeights
        regularization = columns.map(\.regularization)
        weights = [Float](repeating: 0, count: problem.width * columns.count)
        margins = [Float](repeating: 0, count: problem.rows * columns.count)
    }

    mutating func run() -> [LogisticBatch.Solution] {
        var losses = objective(margins: margins, weights: weights)
        var (gradient, curvature) = derivatives()
        let initial = norms(gradient)
        var isDone = initial.map { !($0 > 0) }
        for _ in 0..<problem.maxNewtonSteps where isDone.contains(false) {
            let norm = norms(gradient)
            let ratios = (0..<count).map { initial[$0] > 0 ? norm[$0] / initial[$0] : 0 }
            for c in 0..<count where ratios[c] <= problem.tolerance { isDone[c] = true }
            if !isDone.contains(false) { break }
            let forcing = ratios.map { min(0.25, $0.squareRoot()) }
            let step = conjugateGradient(gradient, curvature, forcing: forcing, skip: isDone)
            advance(along: step, gradient: gradient, losses: &losses, isDone: &isDone)
            (gradient, curvature) = derivatives()
        }
        return (0..<count).map { c in
            .init(
                weights: (0..<problem.width).map { weights[$0 * count + c] },
                margins: (0..<problem.rows).map { margins[$0 * count + c] },
                isConverged: isDone[c])
        }
    }

    /// Backtracking: halves a column's step until its objective falls (Armijo, 10⁻⁴). A column
    /// whose step no longer changes the objective within float precision is done.
    private mutating func advance(
        along step: [Float], gradient: [Float], losses: inout [Double], isDone: inout [Bool]
    ) {
        let stepMargins = product(step)
        let slopes = dots(gradient, step)
        var scale = isDone.map { $0 ? Float(0) : 1 }
        var isSettled = isDone
        for _ in 0..<20 where isSettled.contains(false) {
            let trialWeights = added(weights, step, scale: scale)
            let trialMargins = added(margins, stepMargins, scale: scale)
            let trial = objective(margins: trialMargins, weights: trialWeights)
            for c in 0..<count where !isSettled[c] {
                let wanted = losses[c] + 1e-4 * Double(scale[c]) * Double(slopes[c])
                if trial[c] <= wanted {
                    isSettled[c] = true
                    losses[c] = trial[c]
                } else if trial[c] - losses[c] < 1e-7 * abs(losses[c]) {
                    isSettled[c] = true
                    isDone[c] = true
                    scale[c] = 0
                } else {
                    scale[c] /= 2
                }
            }
        }
        for c in 0..<count where !isSettled[c] {
            scale[c] = 0
            isDone[c] = true
        }
        weights = added(weights, step, scale: scale)
        margins = added(margins, stepMargins, scale: scale)
    }

    private func conjugateGradient(
        _ gradient: [Float], _ curvature: [Float], forcing: [Float], skip: [Bool]
    ) -> [Float] {
        var solution = [Float](repeating: 0, count: gradient.count)
        var residual = gradient.map { -$0 }
        var direction = residual
        var squares = dots(residual, residual)
        let targets = (0..<count).map { squares[$0] * forcing[$0] * forcing[$0] }
        for _ in 0..<problem.maxConjugateSteps {
            let isActive = (0..<count).map { !skip[$0] && squares[$0] > targets[$0] }
            if !isActive.contains(true) { break }
            let applied = hessian(times: direction, curvature)
            let curvatures = dots(direction, applied)
            let alpha = (0..<count).map { c -> Float in
                isActive[c] && curvatures[c] > 0 ? squares[c] / curvatures[c] : 0
            }
            solution = added(solution, direction, scale: alpha)
            residual = added(residual, applied, scale: alpha.map { -$0 })
            let next = dots(residual, residual)
            let beta = (0..<count).map { squares[$0] > 0 ? next[$0] / squares[$0] : 0 }
            direction = added(residual, direction, scale: beta)
            for c in 0..<count where isActive[c] { squares[c] = next[c] }
        }
        return solution
    }

    // MARK: Batched linear algebra

    /// X · V: margins of width x columns weights.
    private func product(_ vectors: [Float]) -> [Float] {
        var out = [Float](repeating: 0, count: problem.rows * count)
        rk_sgemm(
            false, false, problem.rows, count, problem.width, 1, problem.features, problem.width,
            vectors, count, 0, &out, count, Int32(threads))
        return out
    }

    /// Xᵀ · R + λ V.
    private func transposedProduct(_ residuals: [Float], plus vectors: [Float]) -> [Float] {
        var out = vectors
        scaleColumns(&out, regularization)
        rk_sgemm(
            true, false, problem.width, count, problem.rows, 1, problem.features, problem.width,
            residuals, count, 1, &out, count, Int32(threads))
        return out
    }

    private func hessian(times vectors: [Float], _ curvature: [Float]) -> [Float] {
        var products = product(vectors)
        products.withUnsafeMutableBufferPointer { products in
            curvature.withUnsafeBufferPointer { curvature in
                for i in products.indices { products[i] *= curvature[i] }
            }
        }
        return transposedProduct(products, plus: vectors)
    }

    /// Gradient, and u σ(1 − σ) a row.
    private func derivatives() -> (gradient: [Float], curvature: [Float]) {
        var residuals = [Float](repeating: 0, count: margins.count)
        var curvature = residuals
        for i in 0..<problem.rows {
            let target = problem.targets[i]
            for k in i * count..<(i + 1) * count where rowWeights[k] != 0 {
                let p = Float(sigmoid(Double(margins[k])))
                residuals[k] = rowWeights[k] * (p - target)
                curvature[k] = rowWeights[k] * p * (1 - p)
            }
        }
        return (transposedProduct(residuals, plus: weights), curvature)
    }

    private func objective(margins: [Float], weights: [Float]) -> [Double] {
        var sums = [Double](repeating: 0, count: count)
        for i in 0..<problem.rows {
            let target = Double(problem.targets[i])
            for c in 0..<count {
                let u = rowWeights[i * count + c]
                if u == 0 { continue }
                // −t log σ(m) − (1 − t) log σ(−m) = −log σ(m) + (1 − t) m.
                let m = Double(margins[i * count + c])
                sums[c] += Double(u) * ((1 - target) * m - logSigmoid(m))
            }
        }
        let squares = dots(weights, weights)
        for c in 0..<count { sums[c] += 0.5 * Double(regularization[c]) * Double(squares[c]) }
        return sums
    }

    /// Dot products column by column, summed in double precision.
    private func dots(_ a: [Float], _ b: [Float]) -> [Float] {
        var sums = [Double](repeating: 0, count: count)
        sums.withUnsafeMutableBufferPointer { sums in
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    var k = 0
                    while k < a.count {
                        for c in 0..<count { sums[c] += Double(a[k + c]) * Double(b[k + c]) }
                        k += count
                    }
                }
            }
        }
        return sums.map { Float($0) }
    }

    private func norms(_ a: [Float]) -> [Float] { dots(a, a).map { $0.squareRoot() } }

    private func added(_ a: [Float], _ b: [Float], scale: [Float]) -> [Float] {
        var out = a
        out.withUnsafeMutableBufferPointer { out in
            b.withUnsafeBufferPointer { b in
                scale.withUnsafeBufferPointer { scale in
                    var k = 0
                    while k < out.count {
                        for c in 0..<count { out[k + c] += scale[c] * b[k + c] }
                        k += count
                    }
                }
            }
        }
        return out
    }

    private func scaleColumns(_ a: inout [Float], _ scale: [Float]) {
        a.withUnsafeMutableBufferPointer { a in
            var k = 0
            while k < a.count {
                for c in 0..<count { a[k + c] *= scale[c] }
                k += count
            }
        }
    }
}
