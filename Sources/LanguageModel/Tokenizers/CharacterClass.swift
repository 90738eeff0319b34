/// Sets of Unicode general categories as bits, so that a class test is one AND.
struct CharacterClass: OptionSet, Sendable, Hashable {
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(_ category: Unicode.GeneralCategory) { rawValue = 1 << Self.bit(of: category) }

    static let uppercase = CharacterClass(.uppercaseLetter)
    static let lowercase = CharacterClass(.lowercaseLetter)
    static let titlecase = CharacterClass(.titlecaseLetter)
    static let modifierLetter = CharacterClass(.modifierLetter)
    static let otherLetter = CharacterClass(.otherLetter)
    static let letter: CharacterClass = [
        .uppercase, .lowercase, .titlecase, .modifierLetter, .otherLetter,
    ]
    static let mark: CharacterClass = [
        .init(.nonspacingMark), .init(.spacingMark), .init(.enclosingMark),
    ]
    static let decimalNumber = CharacterClass(.decimalNumber)
    static let number: CharacterClass = [
        .decimalNumber, .init(.letterNumber), .init(.otherNumber),
    ]
    static let punctuation: CharacterClass = [
        .init(.connectorPunctuation), .init(.dashPunctuation), .init(.openPunctuation),
        .init(.closePunctuation), .init(.initialPunctuation), .init(.finalPunctuation),
        .init(.otherPunctuation),
    ]
    static let symbol: CharacterClass = [
        .init(.mathSymbol), .init(.currencySymbol), .init(.modifierSymbol), .init(.otherSymbol),
    ]
    static let separator: CharacterClass = [
        .init(.spaceSeparator), .init(.lineSeparator), .init(.paragraphSeparator),
    ]
    static let other: CharacterClass = [
        .init(.control), .init(.format), .init(.surrogate), .init(.privateUse), .init(.unassigned),
    ]
    /// What Unicode counts as parts of words, but for a few symbols.
    static let word: CharacterClass = [
        .letter, .mark, .decimalNumber, .init(.letterNumber), .init(.connectorPunctuation),
    ]
    /// The White_Space property, which is not a general category.
    static let whitespace = CharacterClass(rawValue: 1 << 30)
    /// What a word of the o200k pattern may begin with, and what it may end with.
    static let upperLike: CharacterClass = [
        .uppercase, .titlecase, .modifierLetter, .otherLetter, .mark,
    ]
    static let lowerLike: CharacterClass = [.lowercase, .modifierLetter, .otherLetter, .mark]

    private static func bit(of category: Unicode.GeneralCategory) -> UInt32 {
        switch category {
        case .uppercaseLetter: 0
        case .lowercaseLetter: 1
        case .titlecaseLetter: 2
        case .modifierLetter: 3
        case .otherLetter: 4
        case .nonspacingMark: 5
        case .spacingMark: 6
        case .enclosingMark: 7
        case .decimalNumber: 8
        case .letterNumber: 9
        case .otherNumber: 10
        case .connectorPunctuation: 11
        case .dashPunctuation: 12
        case .openPunctuation: 13
        case .closePunctuation: 14
        case .initialPunctuation: 15
        case .finalPunctuation: 16
        case .otherPunctuation: 17
        case .mathSymbol: 18
        case .currencySymbol: 19
        case .modifierSymbol: 20
        case .otherSymbol: 21
        case .spaceSeparator: 22
        case .lineSeparator: 23
        case .paragraphSeparator: 24
        case .control: 25
        case .format: 26
        case .surrogate: 27
        case .privateUse: 28
        case .unassigned: 29
        @unknown default: 29
        }
    }
}

/// The class of every scalar: a table for the Basic Multilingual Plane, built once, and the
/// standard library's properties beyond it.
// Unchecked because of the pointer: the table is written before the value exists, never
// changed after, and never freed.
struct CharacterClasses: @unchecked Sendable {
    static let shared = CharacterClasses()

    /// The version whose categories count: that of the `tokenizers` library. The standard
    /// library's may be newer.
    private static let unicodeVersion = 16

    private let table: UnsafePointer<UInt32>

    private init() {
        // A plain allocation, kept for the life of the process: an array in a static would
        // be retained and released in the hottest loop there is.
        let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 0x10000)
        table.initialize(
            repeating: CharacterClass(.unassigned).rawValue, count: 0x10000)
        // Large uniform blocks are filled rather than looked up, which keeps the table's
        // cost below a millisecond.
        let blocks: [(ClosedRange<UInt32>, CharacterClass)] = [
            (0x3400...0x4DBF, .otherLetter), (0x4E00...0x9FFF, .otherLetter),
            (0xAC00...0xD7A3, .otherLetter), (0xD800...0xDFFF, .init(.surrogate)),
            (0xE000...0xF8FF, .init(.privateUse)),
        ]
        var scalar: UInt32 = 0
        for (range, value) in blocks {
            while scalar < range.lowerBound {
                table[Int(scalar)] = Self.properties(scalar)
                scalar += 1
            }
            for filled in range { table[Int(filled)] = value.rawValue }
            scalar = range.upperBound + 1
        }
        while scalar < 0x10000 {
            table[Int(scalar)] = Self.properties(scalar)
            scalar += 1
        }
        let spaces: [ClosedRange<Int>] = [
            0x09...0x0D, 0x20...0x20, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A,
            0x2028...0x2029, 0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
        ]
        for space in spaces.joined() { table[space] |= CharacterClass.whitespace.rawValue }
        self.table = UnsafePointer(table)
    }

    private static func properties(_ scalar: UInt32) -> UInt32 {
        guard let scalar = Unicode.Scalar(scalar) else {
            return CharacterClass(.surrogate).rawValue
        }
        // U+0295 became Lo in Unicode 17.
        if scalar.value == 0x295 { return CharacterClass.lowercase.rawValue }
        let properties = scalar.properties
        let category = properties.generalCategory
        // Tokenizers cut new letters where they cut what is unassigned.
        if category != .unassigned, let age = properties.age, age.major > unicodeVersion {
            return CharacterClass(.unassigned).rawValue
        }
        return CharacterClass(category).rawValue
    }

    @inline(__always)
    func bits(_ scalar: UInt32) -> UInt32 {
        scalar < 0x10000 ? table[Int(scalar)] : Self.beyond(scalar)
    }

    @inline(__always)
    func contains(_ scalar: UInt32, _ set: CharacterClass) -> Bool {
        bits(scalar) & set.rawValue != 0
    }

    @inline(never)
    private static func beyond(_ scalar: UInt32) -> UInt32 {
        if scalar >= 0x20000 && scalar <= 0x2A6DF { return CharacterClass.otherLetter.rawValue }
        return properties(scalar)
    }
}

/// The scalar that begins at `offset` of valid UTF-8, and the bytes it takes.
@inline(__always)
func decodeScalar(_ text: UnsafePointer<UInt8>, _ offset: Int) -> (scalar: UInt32, length: Int) {
    let first = UInt32(text[offset])
    if first < 0x80 { return (first, 1) }
    let second = UInt32(text[offset + 1] & 0x3F)
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
    let third = UInt32(text[offset + 2] & 0x3F)
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
    let fourth = UInt32(text[offset + 3] & 0x3F)
    return ((first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
}

/// The offset where the scalar before `offset` begins.
@inline(__always)
func scalarStart(_ text: UnsafePointer<UInt8>, before offset: Int) -> Int {
    var start = offset - 1
    while text[start] & 0xC0 == 0x80 { start -= 1 }
    return start
}

/// The bytes of the UTF-8 scalar with this first byte.
@inline(__always)
func scalarLength(_ first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
}
