import Foundation

/// A change of the templates on disk.
public enum TemplateChange: Sendable, Equatable {
    /// New or edited.
    case updated(String)
    case removed(String)
    /// A file that cannot be read; its last good version stays in force.
    case broken(path: String, reason: String)
}

/// The templates at hand: built-in ones, and the person's own over them. Files are looked at
/// again whenever a template is asked for, so an edit is in force with the next reply.
public final class TemplateLibrary: Sendable {
    public init(paths: Paths) { fatalError("being written") }

    /// All templates by name.
    public func all() -> [Template] { fatalError("being written") }
    /// A template by name, or by path where the name has a slash or a file's ending.
    public func template(_ nameOrPath: String) throws -> Template { fatalError("being written") }
    /// Files that cannot be read, with the reason.
    public var problems: [(path: String, reason: String)] { fatalError("being written") }
    /// Changes as they happen on disk, until the iteration ends.
    public func changes(every interval: Duration = .milliseconds(300)) -> AsyncStream<
        TemplateChange
    > {
        fatalError("being written")
    }
    /// Writes a template as YAML into the person's folder.
    @discardableResult
    public func save(_ template: Template) throws -> String { fatalError("being written") }
    /// The file to edit: the person's own, or a copy of the built-in one made for it.
    public func editablePath(of name: String) throws -> String { fatalError("being written") }
}
