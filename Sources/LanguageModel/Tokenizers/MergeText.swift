/// The text of a merge, cut at its space.
struct MergeText {
    private var bytes = ByteStrings()
    private var split = 0

    init() {}

    /// Reads `left right`. A space inside a part is possible at the first place only.
    mutating func read(_ merge: UnsafeBufferPointer<UInt8>, isByteLevel: Bool) {
        let space = merge.dropFirst().firstIndex(of: 0x20) ?? merge.endIndex
        read(
            UnsafeBufferPointer(rebasing: merge[..<space]),
            UnsafeBufferPointer(rebasing: merge[min(space + 1, merge.count)...]),
            isByteLevel: isByteLevel)
    }

    mutating func read(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, isByteLevel: Bool
    ) {
        bytes.removeAll()
        append(left, isByteLevel)
        split = bytes.bytes.count
        append(right, isByteLevel)
    }

    private mutating func append(_ part: UnsafeBufferPointer<UInt8>, _ isByteLevel: Bool) {
        if !isByteLevel {
            for byte in part { bytes.appendByte(byte) }
        } else if !ByteAlphabet.decode(part, into: &bytes) {
            bytes.removeAll()
        }
    }

    /// The merge, where both parts and their union are tokens.
    func find(in tokens: ByteStrings, _ index: TokenIndex) -> VocabularyDescription.Merge? {
        bytes.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, split > 0, split < bytes.count,
                let left = index.find(base, split, in: tokens),
                let right = index.find(base + split, bytes.count - split, in: tokens),
                let merged = index.find(base, bytes.count, in: tokens)
            else { return nil }
            return .init(left: left, right: right, merged: merged)
        }
    }
}
