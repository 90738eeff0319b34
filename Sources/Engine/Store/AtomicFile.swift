import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files that are either whole or not there.
public enum AtomicFile {
    /// Writes to a temporary name in the same folder, flushes to disk and renames over
    /// `path`. The folder is made where missing. A crash leaves the old file or the new one.
    ///
    /// - Throws: ``EngineError/file(path:reason:)``; the temporary file is removed.
    public static func write(_ data: Data, to path: String) throws {
        let folder = NSString(string: path).deletingLastPathComponent
        try makeFolder(folder.isEmpty ? "." : folder)
        let temporary = path + ".\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw EngineError.file(path: path, reason: lastError()) }
        do {
            try data.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
            guard fsync(descriptor) == 0 else {
                throw EngineError.file(path: path, reason: lastError())
            }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        try rename(temporary, over: path)
    }

    public static func write(_ text: String, to path: String) throws {
        try write(Data(text.utf8), to: path)
    }

    /// Writes JSON for people and programs: keys in order, so that equal values give equal files.
    public static func write(json value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try write(try encoder.encode(value), to: path)
    }

    /// Moves a finished file into place and makes the move itself durable.
    public static func rename(_ temporary: String, over path: String) throws {
        #if canImport(Glibc)
            let status = Glibc.rename(temporary, path)
        #else
            let status = Darwin.rename(temporary, path)
        #endif
        guard status == 0 else {
            let reason = lastError()
            unlink(temporary)
            throw EngineError.file(path: path, reason: reason)
        }
        let folder = open(NSString(string: path).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    public static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw EngineError.file(
                path: path, reason: "the folder cannot be made (\(error.sentence))")
        }
    }

    static func lastError() -> String { String(cString: strerror(errno)) }

    private static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws {
        var offset = 0
        while offset < bytes.count {
            let count = Swift.min(bytes.count - offset, 1 << 30)
            #if canImport(Glibc)
                let written = Glibc.write(descriptor, bytes.baseAddress! + offset, count)
            #else
                let written = Darwin.write(descriptor, bytes.baseAddress! + offset, count)
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                throw EngineError.file(path: path, reason: lastError())
            }
            offset += written
        }
    }
}
