import Engine

extension Template {
    /// The template as a file would have it, in the order of the documentation.
    var yaml: String {
        var lines = ["name: \(Self.scalar(name))"]
        if !description.isEmpty { lines.append("description: \(Self.scalar(description))") }
        if mode != .chat { lines.append("mode: \(mode.rawValue)") }
        if let system { lines.append("system: \(Self.scalar(system))") }
        if !examples.isEmpty {
            lines.append("examples:")
            for example in examples {
                lines.append("  - user: \(Self.scalar(example.user))")
                lines.append("    assistant: \(Self.scalar(example.assistant))")
            }
        }
        if input != "{{ input }}" { lines.append("input: \(Self.scalar(input))") }
        if !variables.isEmpty {
            lines.append("variables:")
            for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
                let standard = value.map { "{ default: \(Self.scalar($0)) }" } ?? "{}"
                lines.append("  \(Self.scalar(name)): \(standard)")
            }
        }
        if !labels.isEmpty {
            lines.append("labels: [\(labels.map(Self.scalar).joined(separator: ", "))]")
        }
        if !stop.isEmpty {
            lines.append("stop: [\(stop.map(Self.scalar).joined(separator: ", "))]")
        }
        var settings: [String] = []
        if let value = sampling.temperature { settings.append("temperature: \(value)") }
        if let value = sampling.topK { settings.append("top_k: \(value)") }
        if let value = sampling.topP { settings.append("top_p: \(value)") }
        if let value = sampling.minP { settings.append("min_p: \(value)") }
        if let value = sampling.repetitionPenalty {
            settings.append("repetition_penalty: \(value)")
        }
        if let value = sampling.maxTokens { settings.append("max_tokens: \(value)") }
        if !settings.isEmpty {
            lines.append("sampling: { \(settings.joined(separator: ", ")) }")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A YAML scalar: plain where that cannot be misread, else in double quotes, which take
    /// the escapes of JSON.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.first?.isLetter == true && text.last?.isWhitespace == false
            && text.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || " _-.,/".contains($0))
            }
            && !["true", "false", "yes", "no", "null", "on", "off", "y", "n"]
                .contains(text.lowercased())
            && !text.contains(", ")
        return isPlain ? text : JSON.string(text).text
    }
}
