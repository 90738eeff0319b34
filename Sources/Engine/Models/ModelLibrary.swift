import Foundation
import LanguageModel

/// A model that can be pulled.
public struct CatalogueEntry: Sendable, Equatable {
    public var name: String
    public var description: String
    public var license: String
    /// Name of the file in the models folder.
    public var file: String
    public var bytes: Int
    public var sha256: String
}

/// A model on this machine.
public struct InstalledModel: Sendable, Equatable {
    /// The catalogue's name, or the file's without its ending.
    public var name: String
    public var path: String
    public var bytes: Int
    /// Nil for files that did not come from the catalogue.
    public var entry: CatalogueEntry?
}

/// How far a pull is.
public enum DownloadProgress: Sendable, Equatable {
    case resolving
    case downloading(done: Int, total: Int?)
    case verifying
    case finished
}

/// Names to files: what is installed and what can be pulled.
public final class ModelLibrary: Sendable {
    public init(paths: Paths) throws { fatalError("being written") }

    /// What can be pulled.
    public var catalogue: [CatalogueEntry] { fatalError("being written") }
    public func installed() -> [InstalledModel] { fatalError("being written") }
    /// File or folder of a model by name or path.
    public func path(of nameOrPath: String) throws -> String { fatalError("being written") }
    /// The model to use where none was named: `RIPOSTE_MODEL`, the default of the catalogue,
    /// or the only one installed; nil where there is none.
    public func defaultPath() -> String? { fatalError("being written") }
    public func remove(_ name: String) throws { fatalError("being written") }
    /// Downloads a model of the catalogue: resumed where it was cut, checked, and moved into
    /// place when whole. Cancelling the task keeps what has come so far.
    @discardableResult
    public func pull(
        _ name: String, progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in }
    ) async throws -> InstalledModel { fatalError("being written") }
}
