import Foundation
import GRDB

/// Conversations, boards and rankings in one SQLite file.
///
/// Safe to use from any thread and from several processes at once: readers see a snapshot,
/// writers wait for each other up to ten seconds. A write has reached the disk when its call
/// returns (`synchronous = FULL`), so the end of the process, at whatever moment, loses only
/// what was never reported as done. Every method throws ``EngineError``.
public final class Store: Sendable {
    public let path: String
    private let pool: DatabasePool

    /// Opens the file, makes it and its folder where missing, and migrates it.
    public init(path: String) throws {
        self.path = path
        try AtomicFile.makeFolder(NSString(string: path).deletingLastPathComponent)
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = true
        configuration.label = "riposte.store"
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            let migrator = Self.migrator
            if try pool.read(migrator.hasBeenSuperseded) {
                throw EngineError.store(
                    path: path, reason: "a newer version of this program made it; update first")
            }
            try migrator.migrate(pool)
            // GRDB sets NORMAL for WAL, which may lose the last transactions with the power.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        } catch let error as DatabaseError {
            throw EngineError.store(path: path, reason: Self.reason(error))
        }
    }

    /// A consistent view of the database.
    func read<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try pool.read(body) } catch let error as DatabaseError {
            throw EngineError.store(path: path, reason: Self.reason(error))
        }
    }

    /// One transaction: all of it or nothing.
    func write<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try pool.write(body) } catch let error as DatabaseError {
            throw EngineError.store(path: path, reason: Self.reason(error))
        }
    }

    private static func reason(_ error: DatabaseError) -> String {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: "another process keeps it locked; try again"
        case .SQLITE_FULL: "the disk is full"
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
            "it cannot be opened for writing; check the folder's permissions"
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            "the file is damaged; move it away or restore a copy"
        default: error.message ?? error.description
        }
    }
}

extension Date {
    /// Seconds since 1970, as the store keeps times.
    var stamp: Double { timeIntervalSince1970 }
    init(stamp: Double) { self.init(timeIntervalSince1970: stamp) }
}
