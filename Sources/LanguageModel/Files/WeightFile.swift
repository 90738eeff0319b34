/// A file, or several that belong together, with named tensors.
public protocol WeightFile: Sendable {
    /// Where it lies, as the person named it.
    var path: String { get }
    /// In the order of the file.
    var tensorNames: [String] { get }
    /// Nil where the file has no such tensor.
    ///
    /// - Throws: ``LanguageModelError/unsupported(path:feature:hint:)`` where the tensor is of
    ///   a type that is not supported.
    func tensor(_ name: String) throws -> Tensor?
    /// Gives back the memory of all pages read so far. Tensors stay readable.
    func releasePages()
}
