import CKernels

/// SHA-256 (FIPS 180-4): identity of models, templates and downloads.
public struct SHA256: Sendable {
    private var state = rk_sha256()

    public init() { rk_sha256_begin(&state) }

    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        rk_sha256_add(&state, base, bytes.count)
    }

    public mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// The digest of all that was added, in lower-case hex.
    public var hexDigest: String {
        var copy = state
        var digest = [UInt8](repeating: 0, count: 32)
        rk_sha256_end(&copy, &digest)
        let digits = Array("0123456789abcdef".utf8)
        let hex = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: hex, as: UTF8.self)
    }

    /// The digest of a text's UTF-8, in lower-case hex.
    public static func hexDigest(of text: String) -> String {
        var hash = SHA256()
        hash.add(text)
        return hash.hexDigest
    }
}
