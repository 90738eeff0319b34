/// A property that is not a union of general categories.
enum ScalarProperty: Sendable, Hashable {
    case alphabetic, uppercase, lowercase
    /// Punctuation as of Unicode 8, the tables of the Punctuation pre-tokenizer.
    case oldPunctuation

    func holds(for scalar: UInt32) -> Bool {
        guard let properties = Unicode.Scalar(scalar)?.properties else { return false }
        return switch self {
        case .alphabetic: properties.isAlphabetic
        case .uppercase: properties.isUppercase
        case .lowercase: properties.isLowercase
        case .oldPunctuation:
            // Two became symbols since.
            scalar == 0x166D || scalar == 0x111C9
                || (!CharacterClass(properties.generalCategory).isDisjoint(with: .punctuation)
                    && (properties.age?.major ?? .max) <= 8)
        }
    }
}

/// A set of scalars, as a bracket expression or a class escape describes it.
struct ScalarSet: Sendable, Hashable {
    /// Scalars in any of these ranges or classes, with any of these properties…
    var ranges: [ClosedRange<UInt32>] = []
    var classes: CharacterClass = []
    var properties: [ScalarProperty] = []
    var sets: [ScalarSet] = []
    /// …and in all of these…
    var intersected: [ScalarSet] = []
    /// …or, where true, not.
    var isNegated = false

    static let any = ScalarSet(ranges: [0...0x10FFFF])
    static let anyButNewline = ScalarSet(ranges: [0...0x09, 0x0B...0x10FFFF])
    static let space = ScalarSet(classes: .whitespace)
    static let digit = ScalarSet(classes: .decimalNumber)
    /// Alphabetic characters, marks, decimal digits, connecting punctuation, and, as Oniguruma
    /// has it, superscript digits and fractions of Latin-1.
    static let word = ScalarSet(
        ranges: [
            0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE, 0x24B6...0x24E9, 0x1F130...0x1F149,
            0x1F150...0x1F169, 0x1F170...0x1F189,
        ], classes: .word)
    /// What Unicode calls a word, with joiners and without those.
    static let joinedWord = ScalarSet(
        ranges: [
            0x200C...0x200D, 0x24B6...0x24E9, 0x1F130...0x1F149, 0x1F150...0x1F169,
            0x1F170...0x1F189,
        ], classes: .word)
    static let hexDigit = ScalarSet(ranges: [0x30...0x39, 0x41...0x46, 0x61...0x66])
    /// The blocks of Han characters.
    static let han = ScalarSet(ranges: [
        0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007,
        0x3021...0x3029, 0x3038...0x303B, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D,
        0xFA70...0xFAD9, 0x16FE2...0x16FE3, 0x16FF0...0x16FF1, 0x20000...0x2A6DF,
        0x2A700...0x2B739, 0x2B740...0x2B81D, 0x2B820...0x2CEA1, 0x2CEB0...0x2EBE0,
        0x2EBF0...0x2EE5D, 0x2F800...0x2FA1D, 0x30000...0x3134A, 0x31350...0x323AF,
    ])

    init(
        ranges: [ClosedRange<UInt32>] = [], classes: CharacterClass = [],
        properties: [ScalarProperty] = [], isNegated: Bool = false
    ) {
        self.ranges = ranges
        self.classes = classes
        self.properties = properties
        self.isNegated = isNegated
    }

    var negated: ScalarSet {
        var set = self
        set.isNegated.toggle()
        return set
    }

    func contains(_ scalar: UInt32, _ table: CharacterClasses) -> Bool {
        var isMember = table.bits(scalar) & classes.rawValue != 0
        isMember = isMember || ranges.contains { $0.contains(scalar) }
        isMember = isMember || properties.contains { $0.holds(for: scalar) }
        isMember = isMember || sets.contains { $0.contains(scalar, table) }
        isMember = isMember && intersected.allSatisfy { $0.contains(scalar, table) }
        return isMember != isNegated
    }

    /// The set with the other cases of its scalars.
    var caseless: ScalarSet {
        var set = self
        set.sets = sets.map(\.caseless)
        set.intersected = intersected.map(\.caseless)
        let cased: CharacterClass = [.uppercase, .lowercase, .titlecase]
        if !set.classes.isDisjoint(with: cased) { set.classes.formUnion(cased) }
        for range in ranges {
            // A range of thousands is a whole script, which holds both cases.
            guard range.count <= 2_000 else { continue }
            for scalar in range { set.ranges += Self.otherCases(of: scalar) }
        }
        return set
    }

    private static func otherCases(of scalar: UInt32) -> [ClosedRange<UInt32>] {
        switch scalar {
        case 0x53, 0x73: return [0x53...0x53, 0x73...0x73, 0x17F...0x17F]
        case 0x4B, 0x6B: return [0x4B...0x4B, 0x6B...0x6B, 0x212A...0x212A]
        default: break
        }
        guard let scalar = Unicode.Scalar(scalar) else { return [] }
        let properties = scalar.properties
        return [properties.lowercaseMapping, properties.uppercaseMapping].compactMap {
            $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first.map { $0.value...$0.value } : nil
        }
    }
}

/// A ``ScalarSet`` made ready for matching: bits for ASCII, one mask where the rest is
/// classes alone, else sorted ranges.
struct ScalarMatcher: Sendable {
    private var ascii: (low: UInt64, high: UInt64) = (0, 0)
    private var mask: UInt32 = 0
    private var isMaskNegated = false
    private var ranges: [ClosedRange<UInt32>] = []
    /// Where neither mask nor ranges suffice.
    private var set: ScalarSet?
    private var usesRanges = false

    init(_ set: ScalarSet, _ table: CharacterClasses = .shared) {
        for scalar in UInt32(0)..<128 where set.contains(scalar, table) {
            if scalar < 64 { ascii.low |= 1 << scalar } else { ascii.high |= 1 << (scalar - 64) }
        }
        let isSimple = set.properties.isEmpty && set.sets.isEmpty && set.intersected.isEmpty
        let wide = set.ranges.filter { $0.upperBound >= 128 }
        if isSimple && wide.isEmpty {
            mask = set.classes.rawValue
            isMaskNegated = set.isNegated
        } else if let flat = Self.flattened(set) {
            mask = flat.classes.rawValue
            isMaskNegated = flat.isNegated
        } else if isSimple && set.classes.isEmpty {
            usesRanges = true
            isMaskNegated = set.isNegated
            for range in wide.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                if let last = ranges.last, range.lowerBound <= last.upperBound &+ 1 {
                    ranges[ranges.count - 1] =
                        last.lowerBound...max(last.upperBound, range.upperBound)
                } else {
                    ranges.append(range)
                }
            }
        } else {
            self.set = set
        }
    }

    /// The set as one union of classes, as far as scalars beyond ASCII go, or nil.
    private static func flattened(_ set: ScalarSet) -> (classes: CharacterClass, isNegated: Bool)? {
        guard set.intersected.isEmpty, set.properties.isEmpty,
            set.ranges.allSatisfy({ $0.upperBound < 128 })
        else {
            return nil
        }
        var classes = set.classes
        for member in set.sets {
            guard let flat = flattened(member), !flat.isNegated else { return nil }
            classes.formUnion(flat.classes)
        }
        return (classes, set.isNegated)
    }

    @inline(__always)
    func contains(_ scalar: UInt32, _ table: CharacterClasses) -> Bool {
        if scalar < 64 { return ascii.low >> UInt64(scalar) & 1 != 0 }
        if scalar < 128 { return ascii.high >> UInt64(scalar - 64) & 1 != 0 }
        return containsBeyondASCII(scalar, table)
    }

    private func containsBeyondASCII(_ scalar: UInt32, _ table: CharacterClasses) -> Bool {
        if let set { return set.contains(scalar, table) }
        guard usesRanges else { return (table.bits(scalar) & mask != 0) != isMaskNegated }
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
        }
        let isMember = low < ranges.count && ranges[low].lowerBound <= scalar
        return isMember != isMaskNegated
    }
}
