import Foundation

/// `multipleOf` with a fraction or a large number: the multiples themselves, spelled out.
///
/// Validators divide in binary floating point, where 0.07 is no multiple of 0.01. Only what
/// they let through is among the multiples, so there is no rule of digits that gives them.
extension JSONSchemaGrammar {
    /// A divisor: `digits` / 10^`places`.
    struct Step {
        var number: Double
        var digits: Int
        var places: Int

        /// 10^`places`.
        var unit: Int { (0..<places).reduce(1) { unit, _ in unit * 10 } }

        /// The least multiple that is a whole number.
        var leastWhole: Int {
            var (a, b) = (digits, unit)
            while b != 0 { (a, b) = (b, a % b) }
            return digits / a
        }

        /// Whether every multiple that is a whole number divides without rounding: the divisor
        /// is so near to a binary number that the quotient's error is below half its last bit.
        var dividesWholes: Bool {
            let rest = (-Double(digits)).addingProduct(number, Double(unit))
            return rest.magnitude / Double(digits) < 0x1p-54
        }

        func divides(_ value: Double, _ quotient: Int) -> Bool {
            places == 0 || value / number == Double(quotient)
        }
    }

    private static let mostPlaces = 6
    /// Multiples spelled out on either side of zero: more where they are the same after every
    /// whole number, so that their spellings share much.
    private static let mostPartsOfOne = 50_000
    private static let mostOthers = 5_000
    /// In one schema.
    private static let mostSpelled = 1_000_000

    func step(_ members: Members, at place: String) throws(GrammarError) -> Step? {
        guard let value = members["multipleOf"] else { return nil }
        guard let number = value.double, number > 0 else {
            throw failure("'multipleOf' is not a number above 0", at: place)
        }
        var parts = (Decimal(string: "\(number)")?.description ?? "")
            .split(separator: ".").map(String.init)
        if parts.count == 2, parts[1] == "0" { parts.removeLast() }
        let places = parts.count == 2 ? parts[1].count : 0
        guard number < 1e9, places <= Self.mostPlaces, let digits = Int(parts.joined()) else {
            throw failure(
                "'multipleOf' is supported up to 10^9 and with \(Self.mostPlaces) digits after "
                    + "the point only", at: place)
        }
        return Step(number: number, digits: digits, places: places)
    }

    mutating func multiples(
        of step: Step, isInteger: Bool, from low: Bound?, to high: Bound?, at place: String
    ) throws(GrammarError) -> Expression {
        var step = step
        let whole = step.leastWhole
        if isInteger {
            guard step.dividesWholes else {
                throw failure("'multipleOf' does not divide whole numbers exactly", at: place)
            }
            step = Step(number: Double(whole), digits: whole, places: 0)
        }
        guard spelledMultiples < Self.mostSpelled else {
            throw failure("there are too many different 'multipleOf'", at: place)
        }
        let name = "multiple \(step) \(String(describing: low)) \(String(describing: high))"
        return sharedRule(name) { builder in
            .choice(builder.choices(of: step, from: low, to: high))
        }
    }

    private mutating func choices(
        of step: Step, from low: Bound?, to high: Bound?
    ) -> [Expression] {
        func isWithin(_ value: Double) -> Bool {
            (low.map { $0.isExcluded ? value > $0.number : value >= $0.number } ?? true)
                && (high.map { $0.isExcluded ? value < $0.number : value <= $0.number } ?? true)
        }
        let most = step.leastWhole == 1 ? Self.mostPartsOfOne : Self.mostOthers
        /// Texts of the magnitudes on one side of zero, from the one nearest to it.
        func magnitudes(sign: Int, from: Double, to: Double?) -> [[UInt8]] {
            var texts: [[UInt8]] = []
            let first = max(sign < 0 ? 1 : 0, Int((from / step.number).rounded(.up)) - 1)
            for quotient in first..<first + most {
                spelledMultiples += 1
                let scaled = quotient * step.digits
                let (whole, rest) = scaled.quotientAndRemainder(dividingBy: step.unit)
                var fraction = String(String(step.unit + rest).dropFirst())
                let text = step.places == 0 ? "\(whole)" : "\(whole).\(fraction)"
                guard let value = Double(text) else { break }
                if let to, value > to { break }
                guard isWithin(Double(sign) * value), step.divides(value, quotient) else {
                    continue
                }
                texts.append(Array(text.utf8))
                guard fraction.hasSuffix("0") else { continue }
                while fraction.hasSuffix("0") { fraction.removeLast() }
                let short = fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
                texts.append(Array(short.utf8))
            }
            return texts
        }
        var choices: [Expression] = []
        if high.map({ $0.number >= 0 }) ?? true {
            choices.append(
                Self.spelled(
                    magnitudes(sign: 1, from: max(low?.number ?? 0, 0), to: high?.number)))
        }
        if low.map({ $0.number < 0 }) ?? true {
            let texts = magnitudes(
                sign: -1, from: max(-(high?.number ?? 0), 0), to: low.map { -$0.number })
            choices.append(.sequence([.text("-"), Self.spelled(texts)]))
        }
        // Past those spelled out, whole numbers go on.
        let whole = step.leastWhole
        if step.places > 0, step.dividesWholes, whole <= Self.largestDivisor {
            choices.append(
                wholes(from: low, to: high) { builder, from, to in
                    builder.integers(from: from, to: to, multipleOf: whole)
                })
        }
        return choices
    }

    /// A choice of texts that shares their beginnings.
    private static func spelled(_ texts: [[UInt8]]) -> Expression {
        let sorted = texts.sorted { $0.lexicographicallyPrecedes($1) }
        func rest(_ range: Range<Int>, _ depth: Int) -> Expression {
            var choices: [Expression] = []
            var last: [ClosedRange<UInt32>] = []
            var index = range.lowerBound
            while index < range.upperBound, sorted[index].count == depth { index += 1 }
            if index > range.lowerBound { choices.append(.empty) }
            while index < range.upperBound {
                let byte = sorted[index][depth]
                var end = index + 1
                while end < range.upperBound, sorted[end][depth] == byte { end += 1 }
                if sorted[end - 1].count == depth + 1 {
                    last.append(UInt32(byte)...UInt32(byte))
                } else {
                    choices.append(
                        .sequence([.literal([byte]), rest(index..<end, depth + 1)]))
                }
                index = end
            }
            if !last.isEmpty { choices.append(.characters(CodePoints.normalized(last))) }
            return choices.count == 1 ? choices[0] : .choice(choices)
        }
        return rest(0..<sorted.count, 0)
    }
}
