/// GPT-2's alphabet: every byte written as a printable character, so that a vocabulary of
/// arbitrary bytes can be a list of strings. Printable Latin-1 stands for itself; the other
/// bytes, in order, are U+0100 and on (space is `Ġ`, newline `Ċ`).
enum ByteAlphabet {
    /// The scalar that stands for each byte.
    static let scalars: [UInt16] = {
        var table = [UInt16](repeating: 0, count: 256)
        var next: UInt16 = 0x100
        for byte in 0..<256 {
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE {
                table[byte] = UInt16(byte)
            } else {
                table[byte] = next
                next += 1
            }
        }
        return table
    }()

    /// The byte each scalar below U+0144 stands for; negative where it is none.
    private static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = Int16(byte) }
        return table
    }()

    /// Appends the bytes a token of this alphabet stands for and returns true; false, with
    /// nothing appended that counts, where it has other characters.
    static func decode(_ token: UnsafeBufferPointer<UInt8>, into output: inout ByteStrings) -> Bool
    {
        bytes.withUnsafeBufferPointer { bytes in
            var offset = 0
            while offset < token.count {
                let first = token[offset]
                var scalar = Int(first)
                if first >= 0x80 {
                    // Only two-byte scalars are in the alphabet.
                    guard first >= 0xC2, first <= 0xDF, offset + 1 < token.count,
                        token[offset + 1] & 0xC0 == 0x80
                    else { return false }
                    scalar = Int(first & 0x1F) << 6 | Int(token[offset + 1] & 0x3F)
                    offset += 1
                }
                guard scalar < bytes.count, bytes[scalar] >= 0 else { return false }
                output.appendByte(UInt8(truncatingIfNeeded: bytes[scalar]))
                offset += 1
            }
            return true
        }
    }

    /// Appends bytes written in the alphabet, as UTF-8.
    static func encode(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        for byte in text {
            let scalar = scalars[Int(byte)]
            if scalar < 0x80 {
                output.append(UInt8(scalar))
            } else {
                output.append(0xC0 | UInt8(scalar >> 6))
                output.append(0x80 | UInt8(scalar & 0x3F))
            }
        }
    }
}
