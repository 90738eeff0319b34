/// A string inside a template: Unicode scalars, as Python counts them, that remember which of
/// them came from outside the template.
struct TemplateText: Equatable, Hashable, Sendable {
    private(set) var scalars: [Unicode.Scalar]
    /// Sorted, disjoint, not empty, not adjacent.
    private(set) var untrusted: [Range<Int>]
    /// Jinja's `Markup`: what `escape` and `safe` give. Such a text escapes what is added to it.
    var isMarkup = false

    static func == (a: TemplateText, b: TemplateText) -> Bool { a.scalars == b.scalars }

    func hash(into hasher: inout Hasher) { hasher.combine(scalars) }

    init() {
        scalars = []
        untrusted = []
    }

    init(_ scalars: [Unicode.Scalar], isTrusted: Bool = true) {
        self.scalars = scalars
        untrusted = isTrusted || scalars.isEmpty ? [] : [0..<scalars.count]
    }

    init(_ text: String, isTrusted: Bool = true) {
        self.init(Array(text.unicodeScalars), isTrusted: isTrusted)
    }

    var count: Int { scalars.count }
    var isEmpty: Bool { scalars.isEmpty }
    var isTrusted: Bool { untrusted.isEmpty }

    var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    mutating func append(_ other: TemplateText) {
        let offset = scalars.count
        scalars.append(contentsOf: other.scalars)
        for range in other.untrusted {
            addUntrusted(range.lowerBound + offset..<range.upperBound + offset)
        }
    }

    mutating func append(_ text: String, isTrusted: Bool = true) {
        let start = scalars.count
        scalars.append(contentsOf: text.unicodeScalars)
        if !isTrusted { addUntrusted(start..<scalars.count) }
    }

    mutating func append(_ scalar: Unicode.Scalar, isTrusted: Bool = true) {
        scalars.append(scalar)
        if !isTrusted { addUntrusted(scalars.count - 1..<scalars.count) }
    }

    private mutating func addUntrusted(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        if let last = untrusted.indices.last, untrusted[last].upperBound == range.lowerBound {
            untrusted[last] = untrusted[last].lowerBound..<range.upperBound
        } else {
            untrusted.append(range)
        }
    }

    /// A part, with its origin.
    subscript(range: Range<Int>) -> TemplateText {
        if range == 0..<count { return self }
        var result = TemplateText(Array(scalars[range])).marked(like: self)
        for part in untrusted where part.overlaps(range) {
            let clamped = part.clamped(to: range)
            result.addUntrusted(
                clamped.lowerBound - range.lowerBound..<clamped.upperBound - range.lowerBound)
        }
        return result
    }

    /// One scalar, with its origin.
    subscript(index: Int) -> TemplateText { self[index..<index + 1] }

    func isTrusted(at index: Int) -> Bool {
        !untrusted.contains { $0.contains(index) }
    }

    /// A text made from this one by an operation that does not keep places: untrusted as a
    /// whole if any of it is.
    func derived(_ scalars: [Unicode.Scalar]) -> TemplateText {
        TemplateText(scalars, isTrusted: isTrusted).marked(like: self)
    }

    func derived(_ text: String) -> TemplateText { derived(Array(text.unicodeScalars)) }

    /// Some scalars replaced by a text, which has their origin. Linear, whatever comes from
    /// where.
    func replacing(_ replacement: (Unicode.Scalar) -> String?) -> TemplateText {
        var result = TemplateText()
        result.scalars.reserveCapacity(count + 16)
        var next = 0
        for index in scalars.indices {
            let start = result.scalars.count
            if let text = replacement(scalars[index]) {
                result.scalars.append(contentsOf: text.unicodeScalars)
            } else {
                result.scalars.append(scalars[index])
            }
            guard next < untrusted.count, untrusted[next].lowerBound <= index else { continue }
            result.addUntrusted(start..<result.scalars.count)
            if untrusted[next].upperBound == index + 1 { next += 1 }
        }
        return result
    }

    var reversed: TemplateText {
        var result = TemplateText(scalars.reversed()).marked(like: self)
        for range in untrusted.reversed() {
            result.addUntrusted(count - range.upperBound..<count - range.lowerBound)
        }
        return result
    }

    /// First occurrence in `range`.
    func firstIndex(of needle: TemplateText, in range: Range<Int>) -> Int? {
        guard needle.count <= range.count else { return nil }
        guard let head = needle.scalars.first else { return range.lowerBound }
        var index = range.lowerBound
        let last = range.upperBound - needle.count
        while index <= last {
            if scalars[index] == head, matches(needle, at: index) { return index }
            index += 1
        }
        return nil
    }

    /// Last occurrence in `range`.
    func lastIndex(of needle: TemplateText, in range: Range<Int>) -> Int? {
        guard needle.count <= range.count else { return nil }
        var index = range.upperBound - needle.count
        while index >= range.lowerBound {
            if matches(needle, at: index) { return index }
            index -= 1
        }
        return nil
    }

    func firstIndex(of needle: TemplateText) -> Int? { firstIndex(of: needle, in: 0..<count) }

    func matches(_ needle: TemplateText, at index: Int) -> Bool {
        guard index >= 0, index + needle.count <= count else { return false }
        for offset in 0..<needle.count where scalars[index + offset] != needle.scalars[offset] {
            return false
        }
        return true
    }

    /// The text as a prompt, trusted and untrusted spans apart.
    var prompt: PromptText {
        var result = PromptText()
        var position = 0
        for range in untrusted {
            result.append(self[position..<range.lowerBound].string, isTrusted: true)
            result.append(self[range].string, isTrusted: false)
            position = range.upperBound
        }
        result.append(self[position..<count].string, isTrusted: true)
        return result
    }
}

/// Text that is marked as safe in HTML; a chat template escapes nothing by itself, but what it
/// escaped with a filter behaves differently from then on.
extension TemplateText {
    /// This text as `Markup` where another is.
    func marked(like other: TemplateText) -> TemplateText {
        var result = self
        result.isMarkup = other.isMarkup
        return result
    }

    /// This text as a plain string.
    var plain: TemplateText { marked(like: TemplateText()) }

    /// What `escape` gives: itself where it is safe already.
    var escaped: TemplateText {
        guard !isMarkup else { return self }
        var result = replacing { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "'": "&#39;"
            case "\"": "&#34;"
            default: nil
            }
        }
        result.isMarkup = true
        return result
    }

    /// This text as an argument of a method of another, which escapes it if it is `Markup`.
    func escaped(for receiver: TemplateText) -> TemplateText {
        receiver.isMarkup ? escaped : self
    }
}
