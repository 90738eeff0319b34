import CKernels
import Foundation

/// The feed-forward half where it is a mixture of experts.
extension PassWorker {
    /// Mixture of experts: each expert runs over the rows that chose it, and what it gives is
    /// added to `delta` with the router's weight. By all threads together: a thread alone with
    /// some rows would find few for each expert.
    mutating func mixture(_ layer: UnsafePointer<LayerPlan>, norm: NormPlan?) {
        guard let router = layer.pointee.router, let experts = layer.pointee.experts else { return }
        let count = pass.settings.expertCount
        let scored = ProductPlan(first: router)
        let stream = prepareStream(norm: norm, for: scored)
        let columns = columns(of: pass.settings.width, rows: Int32(rows.count))
        for at in ownRows {
            (row(pass.delta, at, width) + Int(columns.lowerBound))
                .update(repeating: 0, count: columns.count)
        }
        barrier()
        multiplyAll(
            stream, scored, to: (pass.routerScores, nil, nil), stride: count,
            add: false)
        barrier()
        for at in rows where at % threads == thread {
            chooseExperts(row(pass.routerScores, at, count), bias: router.bias)
        }
        barrier()
        if thread == 0 { listExpertRows() }
        barrier()
        for expert in 0..<count {
            let chosen = pass.expertCounts[expert]
            guard chosen > 0 else { continue }
            let plan = experts[expert]
            let list = pass.expertRows + expert * pass.maxRows
            var set = place(pass.inputs, chosen, pass.settings.width)
            for at in ownRows(of: chosen) {
                prepare(
                    &set, at, row(pass.stream, list[Int(at)], width), norm: norm,
                    quantize: plan.inner.readsQuants, copy: plan.inner.readsFloats)
            }
            barrier()
            multiplyHidden(
                plan, set: set, count: chosen, to: pass.expertOutput, add: false)
            barrier()
            for at in ownRows(of: chosen) {
                let index = list[Int(at)]
                let output = row(pass.expertOutput, at, width)
                if let bias = plan.down.bias {
                    addShare(bias, to: output, width: pass.settings.width, rows: chosen)
                }
                addShare(
                    output, times: row(pass.routerScores, index, count)[expert],
                    to: row(pass.delta, index, width), width: pass.settings.width,
                    rows: chosen)
            }
            barrier()
        }
    }

    /// Turns a row's router scores into weights: 0 for the experts that are not used.
    func chooseExperts(_ scores: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>?) {
        let count = pass.settings.expertCount
        if let bias { add(bias, to: scores, count: count) }
        if pass.settings.softmaxFirst { softmax(scores, count) }
        // The smallest score that is still used; ties go to the lower expert.
        for expert in 0..<count { scratch[expert] = scores[expert] }
        for expert in 0..<count {
            var better = 0
            for other in 0..<count
            where scratch[other] > scratch[expert]
                || (scratch[other] == scratch[expert] && other < expert)
            {
                better += 1
            }
            if better >= pass.settings.usedExperts {
                scores[expert] = pass.settings.softmaxFirst ? 0 : -.infinity
            }
        }
        if !pass.settings.softmaxFirst {
            softmax(scores, count)
        } else if pass.settings.normalizesWeights {
            var sum: Float = 0
            for expert in 0..<count { sum += scores[expert] }
            for expert in 0..<count { scores[expert] /= sum }
        }
    }

    func softmax(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
        var largest = -Float.infinity
        for i in 0..<count { largest = max(largest, x[i]) }
        var sum: Float = 0
        for i in 0..<count {
            x[i] = expf(x[i] - largest)
            sum += x[i]
        }
        for i in 0..<count { x[i] /= sum }
    }

    func listExpertRows() {
        let count = pass.settings.expertCount
        for expert in 0..<count {
            var used: Int32 = 0
            for index in 0..<pass.rowCount
            where row(pass.routerScores, index, count)[expert] > 0 {
                pass.expertRows[expert * pass.maxRows + Int(used)] = index
                used += 1
            }
            pass.expertCounts[expert] = used
        }
    }
}
