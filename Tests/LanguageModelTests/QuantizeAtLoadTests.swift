import Testing

@testable import LanguageModel

@Suite struct QuantizeAtLoadTests {
    private func model(_ name: String) throws -> ModelFiles {
        let model = TinyModel.all.first { $0.path.hasSuffix("/\(name)") }
        return try ModelFiles.open(path: try #require(model).path)
    }

    @Test(arguments: [(TensorType.q8_0, Float(1) / 127), (.q4_1, 1.0 / 15)])
    func everyWeightIsWithinHalfAStep(type: TensorType, step: Float) throws {
        let files = try model("llama-llama3-0")
        var shares: [Double] = []
        let quantized = files.weights.quantized(as: type) { shares.append($0) }
        #expect(shares.last == 1 && shares == shares.sorted())
        for (original, copy) in zip(files.weights.layers, quantized.layers) {
            #expect(copy.query.matrix.type == type)
            #expect(copy.attentionOutput.matrix.type == type)
            let before = original.query.matrix.floats()
            let after = copy.query.matrix.floats()
            for start in stride(from: 0, to: before.count, by: 32) {
                let block = before[start..<start + 32]
                let range =
                    type == .q8_0
                    ? block.map(abs).max()! : block.max()! - block.min()!
                // Half a step, and the rounding of scale and minimum to half precision.
                let bound = range * step * 0.5 + (block.map(abs).max()! + range) * 0x1p-10
                for index in start..<start + 32 {
                    #expect(abs(before[index] - after[index]) <= bound)
                }
            }
        }
        #expect(quantized.tokenEmbedding.type == .q8_0)
    }

    @Test func leavesWhatMustStayExact() throws {
        let files = try model("qwen3moe-0")
        let quantized = files.weights.quantized(as: .q4_1)
        guard case .experts(let router, let experts) = quantized.layers[0].feedForward else {
            Issue.record("the model has experts")
            return
        }
        #expect(router.matrix.type == files.weights.layers[0].query.matrix.type)
        #expect(experts[0].up.matrix.type == .q4_1)
        // Rows of 24 are no whole blocks.
        #expect(experts[0].down.matrix.type == router.matrix.type)
    }

    @Test func aTiedHeadStaysTied() throws {
        let quantized = try model("gemma2-0").weights.quantized(as: .q8_0)
        #expect(
            quantized.output.matrix.row(0).baseAddress
                == quantized.tokenEmbedding.row(0).baseAddress)
    }
}
