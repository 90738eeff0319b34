import Foundation

@testable import LanguageModel

/// The default model's file where it is on this machine: model-level tests are skipped without.
enum TestModel {
    static let path: String = {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["RIPOSTE_TEST_MODEL"] { return named }
        let data =
            environment["XDG_DATA_HOME"] ?? NSHomeDirectory() + "/.local/share"
        return data + "/riposte/models/SmolLM2-135M-Instruct.Q4_1.gguf"
    }()

    static var isPresent: Bool { FileManager.default.fileExists(atPath: path) }

    /// Loaded once for all tests that read it.
    static let reference = Result { try load(.reference) }
    static let fast = Result { try load(.auto) }

    private static func load(_ kernels: KernelChoice) throws -> Model {
        var options = ModelOptions()
        options.kernels = kernels
        return try Model.load(path: path, options: options)
    }
}

/// A committed result of Tests/Scripts.
func golden<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    let url = Bundle.module.url(forResource: "Goldens/\(name)", withExtension: nil)
    guard let url else { throw MissingGolden(name: name) }
    return try JSONDecoder().decode(Value.self, from: Data(contentsOf: url))
}

struct MissingGolden: Error, CustomStringConvertible {
    var name: String
    var description: String { "no golden file \(name); Tests/Scripts writes it" }
}
