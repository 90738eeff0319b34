import JSON

/// Reads the `pre_tokenizer` of a `tokenizer.json`.
struct TokenizerJSONPreTokenizers {
    let file: TokenizerJSON

    private static let place = "pre_tokenizer"
    /// What is a word to the Whitespace pre-tokenizer.
    private static let word =
        #"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200C}\x{200D}\x{24B6}-\x{24E9}"#
        + #"\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}"#

    /// The steps, and whether the model is given bytes. Bytes in GPT-2's alphabet stay bytes
    /// where nothing after looks at the letters.
    func steps(isBytePair: Bool) throws -> (steps: [SplitStep], isByteLevel: Bool) {
        guard let node = file.root["pre_tokenizer"] else { return ([], false) }
        var parts: [JSONNode] = []
        try flatten(node, into: &parts)
        var steps: [SplitStep] = []
        var isByteLevel = false
        for (number, part) in parts.enumerated() {
            guard try file.type(of: part, Self.place) == "ByteLevel" else {
                steps += try self.steps(part)
                continue
            }
            if part["add_prefix_space"]?.bool ?? false { steps.append(.prefixSpace) }
            if part["use_regex"]?.bool ?? true { steps.append(.scan(.gpt2)) }
            if isBytePair && number == parts.count - 1 && !writesLetters {
                isByteLevel = true
            } else {
                steps.append(.byteLetters)
            }
        }
        return (steps, isByteLevel)
    }

    /// Whether a normalizer has turned bytes into letters already.
    private var writesLetters: Bool {
        func contains(_ node: JSONNode?) -> Bool {
            guard let node else { return false }
            if node["type"]?.string == "ByteLevel" { return true }
            return (node["normalizers"]?.elements ?? []).contains {
                $0["type"]?.string == "ByteLevel"
            }
        }
        return contains(file.root["normalizer"])
    }

    private func flatten(_ node: JSONNode, into parts: inout [JSONNode]) throws {
        guard try file.type(of: node, Self.place) == "Sequence" else { return parts.append(node) }
        guard let list = node["pretokenizers"] else {
            throw file.failure(Self.place, "a sequence has no pretokenizers")
        }
        for part in list.elements { try flatten(part, into: &parts) }
    }

    private func behavior(_ node: JSONNode) throws -> SplitBehavior {
        let name = node["behavior"]?.string ?? "Isolated"
        guard let behavior = SplitBehavior(rawValue: name) else {
            throw file.failure(Self.place, "the behavior \(name) is none that exists")
        }
        return behavior
    }

    private func steps(_ node: JSONNode) throws -> [SplitStep] {
        switch try file.type(of: node, Self.place) {
        case "Split":
            return [try split(node)]
        case "Digits":
            let isIndividual = node["individual_digits"]?.bool ?? false
            return [.pattern(isIndividual ? .scalar(.number) : .run(.number))]
        case "Whitespace":
            let word = Self.word
            return [try step("[\(word)]+|[^\(word)\\s]+", .removed, isInverted: true)]
        case "WhitespaceSplit":
            return [.pattern(.scalar(.whitespace), behavior: .removed)]
        case "Punctuation":
            return [.pattern(try Self.punctuation(), behavior: try behavior(node))]
        case "BertPreTokenizer":
            return [
                .pattern(.scalar(.whitespace), behavior: .removed),
                .pattern(try Self.punctuation()),
            ]
        case "CharDelimiterSplit":
            guard let delimiter = node["delimiter"]?.utf8, !delimiter.isEmpty else {
                throw file.failure(Self.place, "CharDelimiterSplit has no delimiter")
            }
            return [.pattern(.literal(Array(delimiter)), behavior: .removed)]
        case "Metaspace":
            return [.metaspace(try metaspace(node))]
        case let type:
            throw file.unsupported("the pre-tokenizer \(type)")
        }
    }

    /// Punctuation and the ASCII symbols.
    private static func punctuation() throws -> SplitPattern {
        .regex(try ScalarRegex(#"[!-/:-@\[-`{-~\p{riposte:punctuation8}]"#))
    }

    private func step(
        _ regex: String, _ behavior: SplitBehavior, isInverted: Bool
    ) throws -> SplitStep {
        do {
            return try PreTokenizers.step(regex: regex, behavior: behavior, isInverted: isInverted)
        } catch {
            throw file.unsupported(
                "a regular expression (\(error.reason) at character \(error.offset + 1) of "
                    + "\(regex.prefix(80)))")
        }
    }

    private func split(_ node: JSONNode) throws -> SplitStep {
        let isInverted = node["invert"]?.bool ?? false
        let behavior = try behavior(node)
        if let regex = node["pattern"]?["Regex"]?.string {
            return try step(regex, behavior, isInverted: isInverted)
        }
        guard let text = node["pattern"]?["String"]?.utf8 else {
            throw file.failure(Self.place, "a Split has no pattern")
        }
        return .pattern(.literal(Array(text)), behavior: behavior, isInverted: isInverted)
    }

    private func metaspace(_ node: JSONNode) throws -> SplitStep.Metaspace {
        var options = SplitStep.Metaspace()
        if let mark = node["replacement"]?.utf8 {
            guard !mark.isEmpty else {
                throw file.failure(Self.place, "Metaspace replaces by nothing")
            }
            options.mark = Array(mark)
        }
        options.splits = node["split"]?.bool ?? true
        switch node["prepend_scheme"]?.string {
        case "always": options.prefix = .always
        case "first": options.prefix = .first
        case "never": options.prefix = .never
        case nil: options.prefix = node["add_prefix_space"]?.bool ?? true ? .always : .never
        case let other?:
            throw file.failure(Self.place, "the prepend_scheme \(other) is none that exists")
        }
        return options
    }
}
