import Engine
import Foundation
import LanguageModel

/// A model that is loaded and ready, on the thread of the command.
struct ModelSession {
    let loaded: LoadedModel
    let generator: any ReplyGenerator
    /// Seconds that loading took.
    let loadSeconds: Double

    init(_ arguments: ModelArguments, paths: Paths = Paths()) throws {
        let path = try arguments.path(in: ModelLibrary(paths: paths))
        let clock = ContinuousClock()
        let started = clock.now
        (loaded, generator) = try InferenceActor.loadModel(path, arguments.options, nil)
        loadSeconds = started.duration(to: clock.now).seconds
    }

    var tokenizer: any Tokenizer {
        get throws {
            guard let tokenizer = loaded.tokenizer else {
                throw EngineError.noTokenizer(model: loaded.info.name)
            }
            return tokenizer
        }
    }
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
