import Engine
import Foundation
import LanguageModel

/// Everything a run needs to go on as if it had not been stopped, as one safetensors file.
struct TrainingCheckpoint {
    /// Says which run this belongs to: options, data and base model.
    var identity: String
    var step: Int
    var parameters: [Float]
    var firstMoment: [Float]
    var secondMoment: [Float]
    /// Parameters with the lowest held-out loss so far; empty before the first evaluation.
    var best: [Float]
    var bestLoss: Double
    var bestStep: Int
    var evaluationsSinceBest: Int

    static let version = "1"

    /// What ``identity`` is made of: options, base model, and the data as its trainer spells it.
    static func identity(
        _ options: some Encodable, _ model: LoadedModel, data: (inout String) -> Void
    ) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var text = String(decoding: try encoder.encode(options), as: UTF8.self)
        text += model.info.fingerprint
        data(&text)
        return SHA256.hex(of: text)
    }

    func write(to path: String) throws {
        func entry(_ values: [Float]) -> SafetensorsFile.Entry {
            .init(shape: [values.count], values: values)
        }
        var tensors = [
            "parameters": entry(parameters), "first_moment": entry(firstMoment),
            "second_moment": entry(secondMoment),
        ]
        if !best.isEmpty { tensors["best"] = entry(best) }
        try SafetensorsFile(
            tensors: tensors,
            metadata: [
                "format": "riposte-checkpoint", "version": Self.version, "identity": identity,
                "step": String(step),
                // Bits, so that the number survives exactly.
                "best_loss": String(bestLoss.bitPattern), "best_step": String(bestStep),
                "evaluations_since_best": String(evaluationsSinceBest),
            ]
        ).write(to: path)
    }

    /// - Throws: ``TrainingError/invalidCheckpoint(path:reason:)`` for a damaged file, or one
    ///   of another run.
    init(contentsOf path: String, identity: String, count: Int) throws {
        func fail(_ reason: String) -> TrainingError {
            .invalidCheckpoint(path: path, reason: reason)
        }
        let file: SafetensorsFile
        do { file = try SafetensorsFile(contentsOf: path) } catch {
            throw fail("it is damaged or not a checkpoint")
        }
        guard file.metadata["format"] == "riposte-checkpoint",
            file.metadata["version"] == Self.version
        else { throw fail("it is not a checkpoint of this program") }
        guard file.metadata["identity"] == identity else {
            throw fail("it belongs to a run with other data, options or another base model")
        }
        func number(_ key: String) throws -> Int {
            guard let value = file.metadata[key].flatMap({ Int($0) }), value >= 0 else {
                throw fail("it lacks \(key)")
            }
            return value
        }
        func floats(_ name: String) throws -> [Float] {
            guard let entry = file.tensors[name], entry.values.count == count else {
                throw fail("\(name) does not have \(count) numbers")
            }
            return entry.values
        }
        guard let bits = file.metadata["best_loss"].flatMap({ UInt64($0) }) else {
            throw fail("it lacks best_loss")
        }
        self.identity = identity
        step = try number("step")
        bestStep = try number("best_step")
        evaluationsSinceBest = try number("evaluations_since_best")
        bestLoss = Double(bitPattern: bits)
        parameters = try floats("parameters")
        firstMoment = try floats("first_moment")
        secondMoment = try floats("second_moment")
        best = file.tensors["best"] == nil ? [] : try floats("best")
    }

    init(
        identity: String, step: Int, parameters: [Float], firstMoment: [Float],
        secondMoment: [Float], best: [Float], bestLoss: Double, bestStep: Int,
        evaluationsSinceBest: Int
    ) {
        self.identity = identity
        self.step = step
        self.parameters = parameters
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.best = best
        self.bestLoss = bestLoss
        self.bestStep = bestStep
        self.evaluationsSinceBest = evaluationsSinceBest
    }
}
