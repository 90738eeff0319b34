/// Byte strings end to end in one buffer: a vocabulary of 250,000 tokens is two arrays
/// rather than 250,000 small allocations.
struct ByteStrings: Sendable {
    private(set) var bytes: [UInt8] = []
    private var ends: [Int] = []

    init() {}

    init(_ strings: some Sequence<String>) {
        for string in strings { append(string.utf8) }
    }

    var count: Int { ends.count }

    func range(of index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }

    subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(of: index)] }

    /// The string as text; invalid UTF-8 becomes U+FFFD.
    func text(of index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

    mutating func reserveCapacity(count: Int, bytes byteCount: Int) {
        ends.reserveCapacity(count)
        bytes.reserveCapacity(byteCount)
    }

    mutating func append(_ string: some Sequence<UInt8>) {
        bytes.append(contentsOf: string)
        ends.append(bytes.count)
    }

    /// Ends the string whose bytes ``appendByte(_:)`` wrote.
    mutating func endString() { ends.append(bytes.count) }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Takes back bytes of the string that is being written, down to a total.
    mutating func truncate(to byteCount: Int) { bytes.removeLast(bytes.count - byteCount) }

    mutating func appendByte(_ byte: UInt8) { bytes.append(byte) }
}

/// A hash of a few bytes to some hundreds, eight at a time; not for untrusted keys that
/// must not collide, since a collision only costs a comparison.
@inline(__always)
func hashBytes(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
    var hash = UInt64(truncatingIfNeeded: count) &* multiplier
    let raw = UnsafeRawPointer(bytes)
    var offset = 0
    while offset + 8 <= count {
        let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        hash = mixed(hash ^ word, multiplier)
        offset += 8
    }
    if offset < count {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        while offset < count {
            word |= UInt64(bytes[offset]) &<< shift
            shift += 8
            offset += 1
        }
        hash = mixed(hash ^ word, multiplier)
    }
    return mixed(hash, 0xD6E8_FEB8_6659_FD93)
}

@inline(__always)
func mixed(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
}

/// Whether two byte ranges are equal; for short ones, without a call.
@inline(__always)
func equalBytes(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let left = UnsafeRawPointer(a)
    let right = UnsafeRawPointer(b)
    var offset = 0
    while offset + 8 <= count {
        let x = left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let y = right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        if x != y { return false }
        offset += 8
    }
    while offset < count {
        if a[offset] != b[offset] { return false }
        offset += 1
    }
    return true
}
