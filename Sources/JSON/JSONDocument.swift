/// A JSON text as nodes over its bytes.
///
/// A tokenizer's file holds some hundred thousand strings, which are bytes to us: nothing is
/// decoded before it is asked for, and keys that differ only in how Unicode composes their
/// characters stay different, as they would not in a dictionary of `String`.
package final class JSONDocument: Sendable {
    package enum Kind: UInt8, Sendable { case null, bool, number, string, array, object }

    package struct Node: Sendable {
        package var kind: Kind
        /// A string with escapes.
        package var hasEscapes = false
        /// The text, without quotes.
        package var start: UInt32
        package var end: UInt32
        /// The number of the node after this one and all in it.
        package var next: UInt32
    }

    package let bytes: [UInt8]
    package let nodes: [Node]

    /// - Throws: ``JSONSyntaxError`` with line and column.
    package init(_ bytes: [UInt8]) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes: bytes)
        nodes = try scanner.scan()
        self.bytes = bytes
    }

    package var root: JSONNode { JSONNode(document: self, index: 0) }
}

/// A value in a ``JSONDocument``.
package struct JSONNode: Sendable {
    package let document: JSONDocument
    package let index: Int

    private var node: JSONDocument.Node { document.nodes[index] }

    package var kind: JSONDocument.Kind { node.kind }
    package var isNull: Bool { kind == .null }

    /// How many values an array has, or members an object.
    package var count: Int {
        var count = 0
        forEachChild { _ in count += 1 }
        return kind == .object ? count / 2 : count
    }

    private func forEachChild(_ body: (JSONNode) throws -> Void) rethrows {
        guard kind == .array || kind == .object else { return }
        var child = index + 1
        while child < Int(node.next) {
            try body(JSONNode(document: document, index: child))
            child = Int(document.nodes[child].next)
        }
    }

    package func forEachElement(_ body: (JSONNode) throws -> Void) rethrows {
        if kind == .array { try forEachChild(body) }
    }

    package var elements: [JSONNode] {
        var result: [JSONNode] = []
        forEachElement { result.append($0) }
        return result
    }

    package func forEachMember(_ body: (_ key: JSONNode, _ value: JSONNode) throws -> Void) rethrows
    {
        guard kind == .object else { return }
        var key: JSONNode?
        try forEachChild { child in
            if let name = key {
                try body(name, child)
                key = nil
            } else {
                key = child
            }
        }
    }

    /// The value of a member, the last where there are several; null counts as absent.
    package subscript(name: String) -> JSONNode? {
        var found: JSONNode?
        forEachMember { key, value in if key.string == name { found = value } }
        return found.flatMap { $0.isNull ? nil : $0 }
    }

    private var text: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }

    package var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

    package var bool: Bool? { kind == .bool ? text.first == UInt8(ascii: "t") : nil }

    /// An integer where it is written as one and fits.
    package var number: JSONValue {
        let text = String(decoding: text, as: UTF8.self)
        return Int(text).map { .int($0) } ?? .double(Double(text) ?? .nan)
    }

    package var double: Double? { kind == .number ? number.double : nil }

    package var int: Int? { kind == .number ? number.int : nil }

    /// The bytes of a string, escapes resolved.
    package var utf8: ArraySlice<UInt8>? {
        guard kind == .string else { return nil }
        return node.hasEscapes ? unescaped[...] : text
    }

    private var unescaped: [UInt8] {
        var result: [UInt8] = []
        var offset = text.startIndex
        while offset < text.endIndex {
            guard text[offset] == UInt8(ascii: "\\"), offset + 1 < text.endIndex else {
                result.append(text[offset])
                offset += 1
                continue
            }
            let letter = text[offset + 1]
            offset += 2
            switch letter {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "u"):
                var unit = hex(offset)
                offset += 4
                let isPair =
                    (0xD800...0xDBFF).contains(unit) && offset + 5 < text.endIndex
                    && text[offset] == UInt8(ascii: "\\") && text[offset + 1] == UInt8(ascii: "u")
                if isPair {
                    let low = hex(offset + 2)
                    if (0xDC00...0xDFFF).contains(low) {
                        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                        offset += 6
                    }
                }
                let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
                result.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            default: result.append(letter)
            }
        }
        return result
    }

    private func hex(_ offset: Int) -> UInt32 {
        guard offset + 4 <= text.endIndex else { return 0xFFFD }
        return UInt32(String(decoding: text[offset..<offset + 4], as: UTF8.self), radix: 16)
            ?? 0xFFFD
    }
}

/// Reads JSON into nodes, checking its syntax.
private struct JSONScanner {
    let bytes: [UInt8]
    private var offset = 0
    private var nodes: [JSONDocument.Node] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    private static let deepest = 256

    mutating func scan() throws(JSONSyntaxError) -> [JSONDocument.Node] {
        guard bytes.count < Int(UInt32.max) else { throw failure("the file is larger than 4 GB") }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw failure("the text is not UTF-8")
        }
        nodes.reserveCapacity(bytes.count / 12)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        try value(depth: 0)
        skipSpace()
        if offset < bytes.count { throw failure("there is more text after the value") }
        return nodes
    }

    private func failure(_ reason: String) -> JSONSyntaxError {
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return JSONSyntaxError(line: line, column: column, reason: reason)
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte.asciiValue else { return false }
        offset += 1
        return true
    }

    private mutating func append(_ kind: JSONDocument.Kind, from start: Int) {
        nodes.append(
            .init(
                kind: kind, start: UInt32(start), end: UInt32(offset),
                next: UInt32(nodes.count + 1)))
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) {
        guard depth < Self.deepest else { throw failure("nested too deeply") }
        skipSpace()
        guard offset < bytes.count else { throw failure("the text ends where a value must be") }
        switch bytes[offset] {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "{"): try container(.object, depth: depth)
        case UInt8(ascii: "["): try container(.array, depth: depth)
        case UInt8(ascii: "t"): try word("true", .bool)
        case UInt8(ascii: "f"): try word("false", .bool)
        case UInt8(ascii: "n"): try word("null", .null)
        // Not JSON, but Python writes and reads them.
        case UInt8(ascii: "N"): try word("NaN", .number)
        case UInt8(ascii: "I"): try word("Infinity", .number)
        case UInt8(ascii: "-") where bytes[offset...].starts(with: "-Infinity".utf8):
            try word("-Infinity", .number)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw failure("a value must be here")
        }
    }

    private mutating func word(
        _ word: StaticString, _ kind: JSONDocument.Kind
    ) throws(JSONSyntaxError) {
        let count = word.utf8CodeUnitCount
        let isThere =
            offset + count <= bytes.count
            && (0..<count).allSatisfy { bytes[offset + $0] == word.utf8Start[$0] }
        guard isThere else { throw failure("a value must be here") }
        let start = offset
        offset += count
        append(kind, from: start)
    }

    private mutating func number() throws(JSONSyntaxError) {
        let start = offset
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
                UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                offset += 1
                continue
            default: break
            }
            break
        }
        guard Double(String(decoding: bytes[start..<offset], as: UTF8.self)) != nil else {
            throw failure("a number is wrong")
        }
        append(.number, from: start)
    }

    private mutating func string() throws(JSONSyntaxError) {
        offset += 1
        let start = offset
        var hasEscapes = false
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                append(.string, from: start)
                nodes[nodes.count - 1].hasEscapes = hasEscapes
                offset += 1
                return
            }
            if byte < 0x20 { throw failure("a control character in a string") }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try escape()
            } else {
                offset += 1
            }
        }
        throw failure("a string without its end")
    }

    private mutating func escape() throws(JSONSyntaxError) {
        guard offset + 1 < bytes.count else { throw failure("a string without its end") }
        switch bytes[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 2
        case UInt8(ascii: "u"):
            let isHex = { (byte: UInt8) in Character(Unicode.Scalar(byte)).isHexDigit }
            guard offset + 6 <= bytes.count, bytes[offset + 2..<offset + 6].allSatisfy(isHex) else {
                throw failure("an escape of a character that is none")
            }
            offset += 6
        default: throw failure("an escape that JSON does not have")
        }
    }

    private mutating func container(
        _ kind: JSONDocument.Kind, depth: Int
    ) throws(JSONSyntaxError) {
        let number = nodes.count
        let start = offset
        let end: Character = kind == .object ? "}" : "]"
        offset += 1
        append(kind, from: start)
        skipSpace()
        if !take(end) {
            repeat {
                if kind == .object {
                    skipSpace()
                    guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
                        throw failure("a key must be here")
                    }
                    try string()
                    skipSpace()
                    guard take(":") else { throw failure("a : must be here") }
                }
                try value(depth: depth + 1)
                skipSpace()
            } while take(",")
            guard take(end) else { throw failure("a , or \(end) must be here") }
        }
        nodes[number].end = UInt32(offset)
        nodes[number].next = UInt32(nodes.count)
    }
}
