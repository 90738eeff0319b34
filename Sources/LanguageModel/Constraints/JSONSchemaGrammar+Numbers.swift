import Foundation
import JSON

/// Numbers of a schema, as the digits that spell them.
extension JSONSchemaGrammar {
    static let longestNumber = 15
    /// Larger divisors would need a rule for each remainder.
    static let largestDivisor = 100

    private static var fraction: Expression {
        .optional(.sequence([.text("."), .repetition(.digits(), min: 1, max: longestNumber)]))
    }

    mutating func anyNumber(isInteger: Bool) -> Expression {
        sharedRule(isInteger ? "integer" : "number") { _ in
            let whole = Expression.sequence([
                .optional(.text("-")), Self.naturals(from: 0, to: nil),
            ])
            if isInteger { return whole }
            let exponent = Expression.sequence([
                .choice([.text("e"), .text("E")]),
                .optional(.choice([.text("+"), .text("-")])),
                .repetition(.digits(), min: 1, max: 2),
            ])
            return .sequence([whole, Self.fraction, .optional(exponent)])
        }
    }

    mutating func number(
        _ members: Members, isInteger: Bool, at place: String
    ) throws(GrammarError) -> Expression {
        let low = try limit("minimum", "exclusiveMinimum", members, isLow: true, at: place)
        let high = try limit("maximum", "exclusiveMaximum", members, isLow: false, at: place)
        guard let step = try step(members, at: place) else {
            if low == nil, high == nil { return anyNumber(isInteger: isInteger) }
            guard isInteger else { return Self.decimals(from: low, to: high) }
            return wholes(from: low, to: high) { builder, from, to in
                Self.naturals(from: from, to: to)
            }
        }
        let whole = step.leastWhole
        if whole <= Self.largestDivisor, step.places == 0 || (isInteger && step.dividesWholes) {
            return wholes(from: low, to: high) { builder, from, to in
                builder.integers(from: from, to: to, multipleOf: whole)
            }
        }
        return try multiples(of: step, isInteger: isInteger, from: low, to: high, at: place)
    }

    /// Whole numbers between bounds, from ranges of their magnitudes.
    mutating func wholes(
        from low: Bound?, to high: Bound?, _ range: (inout Self, Int, Int?) -> Expression
    ) -> Expression {
        let from = low?.nextWhole(up: true)
        let to = high?.nextWhole(up: false)
        var choices: [Expression] = []
        if to.map({ $0 >= 0 }) ?? true { choices.append(range(&self, max(from ?? 0, 0), to)) }
        if from.map({ $0 < 0 }) ?? true {
            let least = to.map { $0 < 0 ? -$0 : 1 } ?? 1
            choices.append(.sequence([.text("-"), range(&self, least, from.map { -$0 })]))
        }
        return .choice(choices)
    }

    // MARK: Bounds

    /// The end of a range of numbers, in decimal digits.
    struct Bound {
        var number: Double
        /// Of the magnitude.
        var whole: Int
        /// Digits after the point, without zeros at the end.
        var fraction: [Int] = []
        /// Whether it is itself left out.
        var isExcluded = false

        static let zero = Bound(number: 0, whole: 0)

        /// The outermost whole number within the bound.
        func nextWhole(up: Bool) -> Int {
            let sign = number < 0 ? -1 : 1
            guard fraction.isEmpty else {
                // Towards zero is up for a negative number and down for a positive one.
                return sign * (whole + ((number < 0) == up ? 0 : 1))
            }
            return sign * whole + (isExcluded ? (up ? 1 : -1) : 0)
        }
    }

    /// The tighter of a bound that may be reached and one that may not.
    private func limit(
        _ inclusive: String, _ exclusive: String, _ members: Members, isLow: Bool,
        at place: String
    ) throws(GrammarError) -> Bound? {
        var result: Bound?
        for keyword in [inclusive, exclusive] {
            guard let value = members[keyword] else { continue }
            guard let number = value.double else {
                throw failure("'\(keyword)' is not a number", at: place)
            }
            var bound = try bound(value, number, keyword, at: place)
            bound.isExcluded = keyword == exclusive
            if let other = result {
                let isTighter = isLow ? number > other.number : number < other.number
                guard isTighter || (number == other.number && bound.isExcluded) else { continue }
            }
            result = bound
        }
        return result
    }

    private func bound(
        _ value: JSONValue, _ number: Double, _ keyword: String, at place: String
    ) throws(GrammarError) -> Bound {
        let size = number.magnitude
        guard size < 1e15 else {
            throw failure("'\(keyword)' is supported for numbers below 10^15 only", at: place)
        }
        let whole = Int(size)
        if size == size.rounded() { return Bound(number: number, whole: whole) }
        let text = Decimal(string: "\(size)")?.description ?? ""
        let fraction = text.split(separator: ".").dropFirst().first ?? ""
        guard !fraction.isEmpty, fraction.count <= Self.longestFraction(after: whole) else {
            throw failure("'\(keyword)' has too many digits to be supported", at: place)
        }
        return Bound(
            number: number, whole: whole, fraction: fraction.compactMap(\.wholeNumberValue))
    }

    /// Together no more digits than a double keeps apart, so that none is rounded to a bound.
    private static func longestFraction(after whole: Int) -> Int {
        max(1, longestNumber - String(whole).count)
    }

    // MARK: Decimals

    private static func decimals(from low: Bound?, to high: Bound?) -> Expression {
        var choices: [Expression] = []
        // Numbers from 0 up.
        if high.map({ $0.number > 0 || ($0.number == 0 && !$0.isExcluded) }) ?? true {
            let from = low.flatMap { $0.number < 0 ? nil : $0 } ?? .zero
            choices.append(magnitudes(from: from, to: high))
        }
        // Numbers below 0, by their magnitude; -0 is 0, which may be out of bounds.
        if low.map({ $0.number < 0 }) ?? true {
            var from = high.flatMap { $0.number < 0 ? $0 : nil } ?? .zero
            if let high, high.number == 0, high.isExcluded { from.isExcluded = true }
            choices.append(.sequence([.text("-"), magnitudes(from: from, to: low)]))
        }
        return .choice(choices)
    }

    /// Decimals between two magnitudes; nil has no upper end.
    private static func magnitudes(from: Bound, to: Bound?) -> Expression {
        if let to, from.whole > to.whole { return .nothing }
        if let to, from.whole == to.whole {
            return .sequence([.text(String(from.whole)), fraction(from.whole, from: from, to: to)])
        }
        var choices: [Expression] = []
        var start = from.whole
        if from.isExcluded || !from.fraction.isEmpty {
            choices.append(
                .sequence([.text(String(start)), fraction(start, from: from, to: nil)]))
            start += 1
        }
        guard let to else {
            choices.append(.sequence([naturals(from: start, to: nil), fraction]))
            return .choice(choices)
        }
        if start < to.whole {
            choices.append(.sequence([naturals(from: start, to: to.whole - 1), fraction]))
        }
        choices.append(
            .sequence([.text(String(to.whole)), fraction(to.whole, from: nil, to: to)]))
        return .choice(choices)
    }

    /// The point and digits after a whole number that both bounds may share.
    private static func fraction(_ whole: Int, from: Bound?, to: Bound?) -> Expression {
        let length = longestFraction(after: whole)
        func mayEnd(_ index: Int, _ isLow: Bool, _ isHigh: Bool) -> Bool {
            if isLow, let from, index < from.fraction.count || from.isExcluded { return false }
            if isHigh, let to, index >= to.fraction.count, to.isExcluded { return false }
            return true
        }
        /// What may follow `index` digits, which so far are those of the bounds that are still
        /// to be looked at; nil is nothing.
        func rest(
            _ index: Int, _ isLow: Bool, _ isHigh: Bool, mayStop: Bool = true
        ) -> Expression? {
            guard isLow || isHigh else {
                return .repetition(.digits(), min: 0, max: length - index)
            }
            var choices: [Expression] = mayStop && mayEnd(index, isLow, isHigh) ? [.empty] : []
            func digit(_ bound: Bound?) -> Int {
                bound.flatMap { index < $0.fraction.count ? $0.fraction[index] : nil } ?? 0
            }
            let low = isLow ? digit(from) : 0
            let high = isHigh ? digit(to) : 9
            if index < length, low <= high {
                for edge in Set([low, high]).sorted()
                where (isLow && edge == low) || (isHigh && edge == high) {
                    if let more = rest(index + 1, isLow && edge == low, isHigh && edge == high) {
                        choices.append(.sequence([.text(String(edge)), more]))
                    }
                }
                let first = isLow ? low + 1 : low
                let last = isHigh ? high - 1 : high
                if first <= last {
                    let more = Expression.repetition(.digits(), min: 0, max: length - index - 1)
                    choices.append(.sequence([digits(first...last), more]))
                }
            }
            return choices.isEmpty ? nil : .choice(choices)
        }
        var choices: [Expression] = mayEnd(0, from != nil, to != nil) ? [.empty] : []
        if let some = rest(0, from != nil, to != nil, mayStop: false) {
            choices.append(.sequence([.text("."), some]))
        }
        return .choice(choices)
    }

    private static func digits(_ range: ClosedRange<Int>) -> Expression {
        .digits(Character("\(range.lowerBound)")...Character("\(range.upperBound)"))
    }

    // MARK: Whole numbers

    /// Whole numbers from `from` (0 or more) to `to`, without leading zeros.
    static func naturals(from: Int, to: Int?) -> Expression {
        if let to {
            return .choice(
                lengths(from: from, to: to).map { low, high in sameLength(low, high) })
        }
        let low = digits(of: from)
        var choices = [sameLength(low, [Int](repeating: 9, count: low.count))]
        if low.count < longestNumber {
            choices.append(
                .sequence([
                    .digits("1"..."9"),
                    .repetition(.digits(), min: low.count, max: longestNumber - 1),
                ]))
        }
        return .choice(choices)
    }

    private static func digits(of number: Int) -> [Int] {
        String(number).compactMap(\.wholeNumberValue)
    }

    /// The range cut into ranges of numbers with as many digits.
    private static func lengths(from: Int, to: Int) -> [(low: [Int], high: [Int])] {
        guard from <= to else { return [] }
        let (low, high) = (digits(of: from), digits(of: to))
        return (low.count...high.count).map { length in
            (
                length == low.count ? low : [1] + [Int](repeating: 0, count: length - 1),
                length == high.count ? high : [Int](repeating: 9, count: length)
            )
        }
    }

    /// Numbers of one length between two, digit by digit.
    private static func sameLength(_ low: [Int], _ high: [Int]) -> Expression {
        guard let a = low.first, let b = high.first else { return .empty }
        let (restLow, restHigh) = (Array(low.dropFirst()), Array(high.dropFirst()))
        let free = Expression.repetition(.digits(), min: restLow.count, max: restLow.count)
        if a == b { return .sequence([.text(String(a)), sameLength(restLow, restHigh)]) }
        if low.dropFirst().allSatisfy({ $0 == 0 }), high.dropFirst().allSatisfy({ $0 == 9 }) {
            return .sequence([digits(a...b), free])
        }
        let zeros = [Int](repeating: 0, count: restLow.count)
        let nines = [Int](repeating: 9, count: restLow.count)
        var choices: [Expression] = []
        choices.append(.sequence([.text(String(a)), sameLength(restLow, nines)]))
        if a + 1 <= b - 1 { choices.append(.sequence([digits(a + 1...b - 1), free])) }
        choices.append(.sequence([.text(String(b)), sameLength(zeros, restHigh)]))
        return .choice(choices)
    }

    // MARK: Multiples

    mutating func integers(from: Int, to: Int?, multipleOf divisor: Int) -> Expression {
        if divisor == 1 { return Self.naturals(from: from, to: to) }
        var choices: [Expression] = []
        let largest = [Int](repeating: 9, count: Self.longestNumber).reduce(0) { $0 * 10 + $1 }
        for (low, high) in Self.lengths(from: from, to: to ?? largest) {
            if let some = multiples(low[...], high[...], remainder: 0, divisor) {
                choices.append(some)
            }
        }
        return .choice(choices)
    }

    /// Digits between those of two numbers of one length that, after others with this
    /// remainder, make a multiple; nil where there are none.
    private mutating func multiples(
        _ low: ArraySlice<Int>?, _ high: ArraySlice<Int>?, count: Int? = nil, remainder: Int,
        _ divisor: Int
    ) -> Expression? {
        let count = count ?? low?.count ?? high?.count ?? 0
        guard count > 0 else { return remainder == 0 ? .empty : nil }
        func make(_ builder: inout Self) -> Expression? {
            var choices: [Expression] = []
            let (first, last) = (low?.first ?? 0, high?.first ?? 9)
            for digit in first...max(first, last) where digit <= last {
                let more = builder.multiples(
                    digit == first ? low?.dropFirst() : nil,
                    digit == last ? high?.dropFirst() : nil, count: count - 1,
                    remainder: (remainder * 10 + digit) % divisor, divisor)
                if let more { choices.append(.sequence([.text(String(digit)), more])) }
            }
            return choices.isEmpty ? nil : .choice(choices)
        }
        guard low == nil, high == nil else { return make(&self) }
        // Any digits: whether the least of their numbers that fits has few enough of them.
        var unit = 1
        for _ in 0..<count where unit <= divisor { unit *= 10 }
        if unit <= divisor {
            let shifted = remainder * unit % divisor
            guard (divisor - shifted) % divisor < unit else { return nil }
        }
        return sharedRule("multiple \(divisor) \(remainder) \(count)") { make(&$0) ?? .nothing }
    }
}
