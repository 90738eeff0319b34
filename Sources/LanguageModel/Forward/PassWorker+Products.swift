import CKernels

/// Products with matrices, whose groups of 16 rows the threads share.
extension PassWorker {
    /// Where the results of up to three matrices begin.
    typealias Outputs = (
        UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?
    )

    typealias Multiply =
        @convention(c) (
            UnsafePointer<rk_matrix>?, UnsafePointer<rk_activations>?, rk_groups,
            UnsafeMutablePointer<Float>?, Int64, Bool
        ) -> Void

    /// Multiplies matrices that read the same inputs. The results of each go where its rows at
    /// hand begin in `outputs`.
    mutating func multiplyAll(
        _ set: rk_activations, _ plan: ProductPlan, to outputs: Outputs, stride: Int, add: Bool
    ) {
        let product = MatrixProduct(
            plan: plan, set: set, outputs: outputs, stride: Int64(stride), add: add,
            kernel: multiply)
        guard isShared else { return product.multiply(0..<plan.groups) }
        // Groups go in pairs, as the kernels take them best.
        func groups(_ pairs: Range<Int32>) -> Range<Int32> {
            pairs.lowerBound * 2..<min(pairs.upperBound * 2, plan.groups)
        }
        let readsApart = set.tokens == 1 && pass.kernels.pointee.reads_apart
        var share = share(of: (plan.groups + 1) / 2)
        while let pairs = share.next() {
            if readsApart {
                let first = share.run.lowerBound
                product.multiplyCouples(
                    pairs.lowerBound - first..<pairs.upperBound - first, of: groups(share.run))
            } else {
                product.multiply(groups(pairs))
            }
        }
    }

    /// Whether one token's product reads both matrices at once; see `multiplySideBySide`.
    func standSideBySide(_ first: LinearPlan, _ second: LinearPlan) -> Bool {
        let (a, b) = (first.matrix, second.matrix)
        return isShared && pass.kernels.pointee.reads_apart && a.layout != RK_LAYOUT_RAW.rawValue
            && a.type == b.type && a.rows == b.rows && a.cols == b.cols
            && a.rows % Int32(RK_BLOCK) == 0
    }

    /// Multiplies those rows of two matrices that make some blocks of the next product's inputs.
    func multiplySideBySide(
        _ first: LinearPlan, _ second: LinearPlan, _ set: rk_activations, _ blocks: Range<Int32>,
        to firstOutput: UnsafeMutablePointer<Float>, _ secondOutput: UnsafeMutablePointer<Float>
    ) {
        let groupsOfBlock = Int32(RK_BLOCK / RK_ROWS)
        let groups = rk_groups(
            first: blocks.lowerBound * groupsOfBlock, count: Int32(blocks.count) * groupsOfBlock,
            apart: Int64(second.matrix.data - first.matrix.data),
            outputs_apart: Int64(secondOutput - firstOutput))
        withUnsafePointer(to: first.matrix) { matrix in
            withUnsafePointer(to: set) { set in
                multiply(matrix, set, groups, firstOutput, Int64(matrix.pointee.rows), false)
            }
        }
    }
}

/// Matrices that read the same inputs, their groups numbered one matrix after the other.
private struct MatrixProduct {
    let plan: ProductPlan
    let set: rk_activations
    let outputs: PassWorker.Outputs
    let stride: Int64
    let add: Bool
    let kernel: PassWorker.Multiply

    func multiply(_ groups: Range<Int32>) {
        eachPart(of: groups) { multiply($0, $0.groups) }
    }

    /// Multiplies a piece of a thread's run of groups, counted in twos. The halves of what the run
    /// has of a matrix are read side by side, and a piece goes on in both where the last one ended:
    /// a stream that begins somewhere else comes slowly at first.
    func multiplyCouples(_ piece: Range<Int32>, of run: Range<Int32>) {
        var before: Int32 = 0
        eachPart(of: run) { part in
            let couples = part.couples
            let some = piece.clamped(to: before..<before + couples)
            let first = part.groups.lowerBound - before
            multiply(part, first + some.lowerBound..<first + some.upperBound, apart: couples)
            before += couples
        }
        // Last come the groups that have none beside them.
        let rest = piece.lowerBound * 2..<piece.upperBound * 2
        before *= 2
        eachPart(of: run) { part in
            let alone = part.groups.dropFirst(Int(part.couples) * 2)
            let some = rest.clamped(to: before..<before + Int32(alone.count))
            let first = alone.lowerBound - before
            multiply(part, first + some.lowerBound..<first + some.upperBound)
            before += Int32(alone.count)
        }
    }

    /// Some groups of one of the matrices.
    private struct Part {
        var matrix: rk_matrix
        var groups: Range<Int32>
        var output: UnsafeMutablePointer<Float>?

        /// Groups of the first half that have a whole one of the second half beside them.
        var couples: Int32 {
            if matrix.layout == RK_LAYOUT_RAW.rawValue { return 0 }
            let whole = min(groups.upperBound, matrix.rows / Int32(RK_ROWS))
            return max(0, whole - groups.lowerBound) / 2
        }
    }

    private func eachPart(of groups: Range<Int32>, _ body: (Part) -> Void) {
        func part(_ linear: LinearPlan, from: Int32, _ output: UnsafeMutablePointer<Float>?) {
            let own = groups.clamped(to: from..<from + linear.groups)
            guard !own.isEmpty else { return }
            body(
                Part(
                    matrix: linear.matrix, groups: own.lowerBound - from..<own.upperBound - from,
                    output: output))
        }
        part(plan.first, from: 0, outputs.0)
        if let second = plan.second { part(second, from: plan.first.groups, outputs.1) }
        if let third = plan.third { part(third, from: plan.groups - third.groups, outputs.2) }
    }

    private func multiply(_ part: Part, _ groups: Range<Int32>, apart: Int32 = 0) {
        guard !groups.isEmpty else { return }
        let groups = rk_groups(
            first: groups.lowerBound, count: Int32(groups.count),
            apart: part.matrix.stride * Int64(apart),
            outputs_apart: Int64(apart * Int32(RK_ROWS)))
        withUnsafePointer(to: part.matrix) { matrix in
            withUnsafePointer(to: set) { set in
                kernel(matrix, set, groups, part.output, stride, add)
            }
        }
    }
}
