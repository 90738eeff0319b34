import Foundation
import LanguageModel

extension SHA256 {
    public static func hex(of data: Data) -> String {
        var hash = SHA256()
        data.withUnsafeBytes { hash.add($0) }
        return hash.hexDigest
    }

    public static func hex(of text: String) -> String { hexDigest(of: text) }

    /// Reads the file in pieces; `progress` gets the bytes read so far.
    public static func hex(
        ofFile path: String, progress: ((Int) -> Void)? = nil
    ) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw EngineError.file(path: path, reason: "the file cannot be opened")
        }
        defer { try? file.close() }
        var hash = SHA256()
        var count = 0
        do {
            while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
                chunk.withUnsafeBytes { hash.add($0) }
                count += chunk.count
                progress?(count)
            }
        } catch {
            throw EngineError.file(path: path, reason: error.sentence)
        }
        return hash.hexDigest
    }
}
