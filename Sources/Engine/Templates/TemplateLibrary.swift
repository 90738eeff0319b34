import Foundation
import Synchronization

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
    /// What tells one version of a file from another.
    private struct Stamp: Equatable {
        var modified: Date?
        var size: Int?
        var node: Int?
    }

    private struct File {
        var stamp: Stamp
        /// The last good version.
        var template: Template?
        var problem: String?
    }

    private struct State {
        var files: [String: File] = [:]
    }

    public let folder: String
    private let builtIn: [Template]
    private let state = Mutex(State())

    public init(paths: Paths) {
        folder = paths.templates
        builtIn = BuiltInTemplates.all
        _ = refresh()
    }

    /// All templates by name, the person's own in place of built-in ones of the same name.
    public func all() -> [Template] {
        _ = refresh()
        return current()
    }

    /// A template by name, or by path where the name has a slash or a file's ending.
    public func template(_ nameOrPath: String) throws -> Template {
        if nameOrPath.contains("/") || Self.isTemplateFile(nameOrPath) {
            return try TemplateReader.read(contentsOf: Paths.expand(nameOrPath))
        }
        _ = refresh()
        let known = current()
        if let found = known.first(where: { $0.name == nameOrPath }) { return found }
        // A file that never was readable is a better answer than "unknown".
        for (path, file) in state.withLock({ $0.files }) where file.template == nil {
            let base = NSString(string: NSString(string: path).lastPathComponent)
            if base.deletingPathExtension == nameOrPath {
                _ = try TemplateReader.read(contentsOf: path)
            }
        }
        throw EngineError.unknownTemplate(name: nameOrPath, known: known.map(\.name))
    }

    /// Files that cannot be read, with the reason.
    public var problems: [(path: String, reason: String)] {
        state.withLock { state in
            state.files.compactMap { path, file in file.problem.map { (path, $0) } }
        }.sorted { $0.path < $1.path }
    }

    /// Changes as they happen on disk, until the iteration ends. A look at the folder costs
    /// some microseconds a file.
    public func changes(every interval: Duration = .milliseconds(300))
        -> AsyncStream<TemplateChange>
    {
        AsyncStream(bufferingPolicy: .bufferingNewest(256)) { continuation in
            let task = Task.detached { [weak self] in
                while !Task.isCancelled {
                    guard let self else { break }
                    for change in self.refresh() { continuation.yield(change) }
                    try? await Task.sleep(for: interval)
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Writes a template as YAML into the person's folder; returns the path.
    @discardableResult
    public func save(_ template: Template) throws -> String {
        let path = "\(folder)/\(template.name).yaml"
        let text = try template.yaml()
        // Read before it is kept: what would not be understood later is not written.
        _ = try TemplateReader.read(text, path: path)
        try AtomicFile.write(text, to: path)
        _ = refresh()
        return path
    }

    /// The file to edit: the person's own, or a copy of the built-in one made for it.
    public func editablePath(of name: String) throws -> String {
        let template = try template(name)
        if let path = template.path { return path }
        let path = "\(folder)/\(name).yaml"
        try AtomicFile.write(BuiltInTemplates.sources[name] ?? template.yaml(), to: path)
        _ = refresh()
        return path
    }

    private func current() -> [Template] {
        let own = state.withLock { $0.files }.sorted { $0.key < $1.key }.compactMap(
            \.value.template)
        var byName: [String: Template] = [:]
        for template in builtIn + own { byName[template.name] = template }
        return byName.values.sorted { $0.name < $1.name }
    }

    private static func isTemplateFile(_ name: String) -> Bool {
        [".yaml", ".yml", ".md"].contains { name.hasSuffix($0) }
    }

    /// Reads what changed since the last look.
    private func refresh() -> [TemplateChange] {
        let manager = FileManager.default
        let names = ((try? manager.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { Self.isTemplateFile($0) && !$0.hasPrefix(".") }
        var stamps: [String: Stamp] = [:]
        for name in names {
            let path = "\(folder)/\(name)"
            let attributes = try? manager.attributesOfItem(atPath: path)
            stamps[path] = Stamp(
                modified: attributes?[.modificationDate] as? Date,
                size: attributes?[.size] as? Int, node: attributes?[.systemFileNumber] as? Int)
        }
        return state.withLock { state in
            var changes: [TemplateChange] = []
            for (path, file) in state.files where stamps[path] == nil {
                state.files[path] = nil
                if let name = file.template?.name { changes.append(.removed(name)) }
            }
            for (path, stamp) in stamps.sorted(by: { $0.key < $1.key })
            where state.files[path]?.stamp != stamp {
                let before = state.files[path]?.template
                do {
                    let template = try TemplateReader.read(contentsOf: path)
                    state.files[path] = File(stamp: stamp, template: template, problem: nil)
                    if let before, before.name != template.name {
                        changes.append(.removed(before.name))
                    }
                    if before?.hash != template.hash { changes.append(.updated(template.name)) }
                } catch {
                    state.files[path] = File(
                        stamp: stamp, template: before, problem: error.sentence)
                    changes.append(.broken(path: path, reason: error.sentence))
                }
            }
            return changes
        }
    }
}
