import Foundation

/// Where Riposte keeps its files: the XDG base directories, each with a `riposte` folder.
///
/// `RIPOSTE_DATA_HOME`, `RIPOSTE_CONFIG_HOME`, `RIPOSTE_CACHE_HOME` and `RIPOSTE_STATE_HOME`
/// name a folder outright and go before the XDG variables.
public struct Paths: Sendable, Equatable {
    /// Conversations, models, reward models, adapters.
    public var data: String
    /// Configuration, templates, themes.
    public var config: String
    /// What can be made again.
    public var cache: String
    /// Logs and histories.
    public var state: String

    public init(data: String, config: String, cache: String, state: String) {
        self.data = data
        self.config = config
        self.cache = cache
        self.state = state
    }

    /// All four below one folder, as tests want it.
    public init(root: String) {
        self.init(
            data: root + "/data", config: root + "/config", cache: root + "/cache",
            state: root + "/state")
    }

    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
        func folder(_ own: String, _ xdg: String, _ fallback: String) -> String {
            if let path = environment[own], !path.isEmpty { return path }
            // The XDG specification: relative paths are to be ignored.
            if let path = environment[xdg], path.hasPrefix("/") { return path + "/riposte" }
            return home + fallback + "/riposte"
        }
        self.init(
            data: folder("RIPOSTE_DATA_HOME", "XDG_DATA_HOME", "/.local/share"),
            config: folder("RIPOSTE_CONFIG_HOME", "XDG_CONFIG_HOME", "/.config"),
            cache: folder("RIPOSTE_CACHE_HOME", "XDG_CACHE_HOME", "/.cache"),
            state: folder("RIPOSTE_STATE_HOME", "XDG_STATE_HOME", "/.local/state"))
    }

    public var database: String { data + "/riposte.sqlite" }
    public var models: String { data + "/models" }
    public var rewards: String { data + "/rewards" }
    public var adapters: String { data + "/adapters" }
    public var templates: String { config + "/templates" }

    /// A path as a person types it: `~` and relative paths made absolute.
    public static func expand(_ path: String) -> String {
        let expanded = NSString(string: path).expandingTildeInPath
        if expanded.hasPrefix("/") { return expanded }
        return FileManager.default.currentDirectoryPath + "/" + expanded
    }
}
