import CKernels
import Testing

@testable import LanguageModel

/// A pass by itself.
@Suite struct ForwardRunnerTests {
    /// Few rows, which threads work on together; many, which they take apart; and a prompt's.
    @Test(arguments: [(5, RK_INPUTS_INT), (60, RK_INPUTS_INT), (60, RK_INPUTS_BF16)])
    func stopsBetweenTwoLayersAndLeavesNothingBehind(length: Int, form: rk_inputs) throws {
        let tiny = try #require(TinyModel.all.first { $0.path.contains("llama") })
        let few = try tiny.expected().ids
        let ids = (0..<length).map { few[$0 % few.count] }
        func logits(cancelledFirst: Bool) throws -> [Float] {
            let generator = try Generator(model: Model.load(path: tiny.path))
            let sequence = try generator.prefixes.sequence(
                for: ids, limit: length - 1, usesLongRope: false)
            try sequence.append(ids[...])
            let rows = (0..<length).map {
                generator.row(sequence, $0, logits: $0 == length - 1)
            }
            let form = form == RK_INPUTS_INT ? form : generator.model.plan.promptForm
            if cancelledFirst {
                let control = GenerationControl()
                control.cancel()
                #expect(!generator.runner.run(rows, form: form, control: control))
            }
            #expect(generator.runner.run(rows, form: form, control: GenerationControl()))
            return (0..<generator.model.vocabularySize).map { generator.runner.logits[$0] }
        }
        #expect(try logits(cancelledFirst: true) == logits(cancelledFirst: false))
    }
}
