import ArgumentParser
import Engine
import Foundation
import LanguageModel

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this machine, the files and the terminal, and say what to do.",
        discussion: "A line a check, 'ok' or 'problem'. The status is 1 if there is a problem.")

    @Flag(help: "Do not read whole files to compare their checksums.") var quick = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let paths = Paths()
        let examination = Examination(paths: paths, isQuick: quick)
        let findings = examination.findings()
        if json {
            StandardOutput.json(
                .array(
                    findings.map {
                        .object([
                            ("check", .string($0.check)), ("ok", .bool($0.isOK)),
                            ("text", .string($0.text)),
                        ])
                    }))
        } else {
            var table = TextTable([])
            for finding in findings {
                table.add([finding.isOK ? "ok" : "problem", finding.check, finding.text])
            }
            StandardOutput.write(table.text)
        }
        if findings.contains(where: { !$0.isOK }) { throw ExitCode(1) }
    }
}

/// The checks of `doctor`.
struct Examination {
    struct Finding {
        var check: String
        var isOK: Bool
        /// What was found, and for a problem what to do.
        var text: String
    }

    let paths: Paths
    let isQuick: Bool

    func findings() -> [Finding] {
        [version, processor, memory] + folders + [model] + templates + rewards
            + [database, terminal, locale]
    }

    private func ok(_ check: String, _ text: String) -> Finding {
        Finding(check: check, isOK: true, text: text)
    }

    private func problem(_ check: String, _ text: String) -> Finding {
        Finding(check: check, isOK: false, text: text)
    }

    private var version: Finding {
        let system = ProcessInfo.processInfo.operatingSystemVersionString
        return ok("version", "riposte \(Riposte.version) on \(system)")
    }

    private var processor: Finding {
        let processor = Processor.current
        let sets = processor.kernels.map(\.rawValue).joined(separator: ", ")
        guard processor.chosen != .reference else {
            return problem(
                "processor",
                "only the reference kernels run here, slowly; a processor with AVX2 or NEON is "
                    + "needed for speed")
        }
        return ok(
            "processor",
            "\(processor.physicalCores) cores, kernels \(processor.chosen.rawValue) (of \(sets))")
    }

    private var memory: Finding {
        let bytes = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let text = "\(byteText(bytes)) of memory"
        return bytes >= 1 << 30
            ? ok("memory", text) : problem("memory", text + "; the default model wants 1 GB free")
    }

    private var folders: [Finding] {
        [
            ("data", paths.data, "RIPOSTE_DATA_HOME"),
            ("config", paths.config, "RIPOSTE_CONFIG_HOME"),
            ("cache", paths.cache, "RIPOSTE_CACHE_HOME"),
            ("state", paths.state, "RIPOSTE_STATE_HOME"),
        ].map { name, path, variable in
            // A folder is made on first use: its nearest ancestor must let us.
            var place = path
            while !FileManager.default.fileExists(atPath: place), place != "/", !place.isEmpty {
                place = NSString(string: place).deletingLastPathComponent
            }
            return access(place, W_OK | X_OK) == 0
                ? ok("\(name) folder", path)
                : problem(
                    "\(name) folder",
                    "\(path) cannot be written; change its owner, or set \(variable) to another "
                        + "folder")
        }
    }

    private var model: Finding {
        let check = "default model"
        do {
            let library = try ModelLibrary(paths: paths)
            guard let path = library.defaultPath() else {
                return problem(check, "there is none; run 'riposte models pull smollm2'")
            }
            let installed = library.installed().first { $0.path == path }
            guard !isQuick, let entry = installed?.entry else {
                return ok(check, "\(path), not compared with a checksum")
            }
            let found = try SHA256.hex(ofFile: path)
            return found == entry.sha256
                ? ok(check, "\(path), checksum right")
                : problem(
                    check,
                    "\(path) is damaged; run 'riposte models remove \(entry.name)' and "
                        + "'riposte models pull \(entry.name)'")
        } catch {
            return problem(check, error.sentence)
        }
    }

    private var templates: [Finding] {
        let library = TemplateLibrary(paths: paths)
        let count = library.all().count
        let broken = library.problems
        return broken.isEmpty
            ? [ok("templates", "\(count)")]
            : broken.map { problem("template", $0.reason) }
    }

    private var rewards: [Finding] {
        let library = RewardLibrary(paths: paths)
        let entries = library.list()
        let broken = entries.compactMap { entry in
            entry.problem.map { problem("reward model", $0) }
        }
        guard broken.isEmpty else { return broken }
        return [
            ok(
                "reward models",
                entries.isEmpty
                    ? "none yet; rank replies and run 'riposte train reward'"
                    : "\(entries.count), active: \(library.activeName ?? "none")")
        ]
    }

    private var database: Finding {
        let check = "database"
        guard FileManager.default.fileExists(atPath: paths.database) else {
            return ok(check, "none yet; it is made with the first conversation")
        }
        do {
            let damages = try Store(path: paths.database).damages()
            return damages.isEmpty
                ? ok(check, paths.database)
                : problem(
                    check,
                    "\(paths.database) is damaged (\(damages[0])); move it away, or restore a copy")
        } catch {
            return problem(check, error.sentence)
        }
    }

    private var terminal: Finding {
        let environment = ProcessInfo.processInfo.environment
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            return ok("terminal", "none here; 'ask' and the other commands need none")
        }
        let name = environment["TERM"] ?? ""
        guard !name.isEmpty, name != "dumb" else {
            return ok(
                "terminal", "TERM is \(name.isEmpty ? "not set" : name): the chat runs in lines")
        }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else {
            return problem("terminal", "its size is unknown; set LINES and COLUMNS")
        }
        let text = "\(name), \(size.ws_col)×\(size.ws_row)"
        return size.ws_col >= 20 && size.ws_row >= 5
            ? ok("terminal", text)
            : problem("terminal", text + " is too small; make it at least 20×5")
    }

    private var locale: Finding {
        let environment = ProcessInfo.processInfo.environment
        let name =
            ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }
            .first { !$0.isEmpty } ?? "C"
        let plain = name.lowercased().replacing("-", with: "")
        return plain.hasSuffix("utf8") || plain.contains("utf8@")
            ? ok("locale", name)
            : ok("locale", "\(name); characters beyond ASCII are shown as in C.UTF-8")
    }
}
