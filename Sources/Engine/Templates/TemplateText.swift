import ChatTemplates

/// A template's text with places for variables: `{{ name }}`, spaces optional. `{{ '…' }}` is
/// the text between the quotes, for braces that are meant as they stand.
struct TemplateText {
    enum Part: Equatable {
        case text(String)
        case variable(String)
    }

    private(set) var parts: [Part] = []

    init(_ source: String) {
        var rest = Substring(source)
        var text = ""
        while let open = rest.firstRange(of: "{{") {
            guard let close = rest[open.upperBound...].firstRange(of: "}}"),
                let part = Self.part(rest[open.upperBound..<close.lowerBound])
            else {
                // Not one of ours: braces of code, or an open end. They stay as they are.
                text += rest[..<open.upperBound]
                rest = rest[open.upperBound...]
                continue
            }
            text += rest[..<open.lowerBound]
            switch part {
            case .text(let literal):
                text += literal
            case .variable:
                if !text.isEmpty { parts.append(.text(text)) }
                text = ""
                parts.append(part)
            }
            rest = rest[close.upperBound...]
        }
        text += rest
        if !text.isEmpty { parts.append(.text(text)) }
    }

    var variables: [String] {
        parts.compactMap { if case .variable(let name) = $0 { name } else { nil } }
    }

    /// The text with every variable replaced; values are put in as they are, never read again.
    func filled(_ value: (String) throws -> String) rethrows -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .variable(let name): result += try value(name)
            }
        }
        return result
    }

    /// Text of another notation that must come out as it is.
    static func escaped(_ text: String) -> String {
        text.replacing("{{", with: "{{ '{{' }}")
    }

    private static func part(_ inside: Substring) -> Part? {
        let name = inside.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace)
            .reversed()
        let word = String(name)
        if word.count >= 2, word.hasPrefix("'"), word.hasSuffix("'") {
            return .text(String(word.dropFirst().dropLast()))
        }
        guard let first = word.first, first == "_" || first.isLetter,
            word.allSatisfy({ $0 == "_" || $0 == "-" || $0.isLetter || $0.isNumber })
        else { return nil }
        return .variable(word)
    }
}

extension Template {
    /// System text, examples and the person's text with all variables filled in.
    public struct Filled: Sendable, Equatable {
        public var system: String?
        public var examples: [Example]
        public var input: String
    }

    /// Fills the template.
    ///
    /// - Throws: ``EngineError/missingVariable(name:template:)`` for a required variable
    ///   without a value.
    public func filled(input: String, variables values: [String: String] = [:]) throws -> Filled {
        func value(_ name: String) throws -> String {
            if let value = values[name] { return value }
            guard let known = variables[name] else {
                throw EngineError.undeclaredVariable(name: name, template: self.name)
            }
            guard let fallback = known else {
                throw EngineError.missingVariable(name: name, template: self.name)
            }
            return fallback
        }
        return Filled(
            system: try system.map { try TemplateText($0).filled(value) },
            examples: try examples.map {
                Example(
                    user: try TemplateText($0.user).filled(value),
                    assistant: try TemplateText($0.assistant).filled(value))
            },
            input: try TemplateText(self.input).filled { name in
                name == "input" ? input : try value(name)
            })
    }

    /// Required variables without a value, for a form.
    public func missingVariables(_ values: [String: String] = [:]) -> [String] {
        variables.filter { $0.value == nil && values[$0.key] == nil }.keys.sorted()
    }

    /// The person's settings with the template's own over them.
    public func settings(over base: GenerationSettings) -> GenerationSettings {
        var result = base
        sampling.apply(to: &result)
        result.stop += stop.filter { !result.stop.contains($0) }
        return result
    }
}
