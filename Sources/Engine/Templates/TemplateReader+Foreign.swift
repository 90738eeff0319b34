import ChatTemplates
import Foundation
import Yams

extension TemplateReader {
    /// A template of simonw/llm. `$name` and `${name}` are variables, `$$` is a dollar; a
    /// prompt without `$input` is followed by the person's text on a line of its own, as llm
    /// does it. Of its keys, those about attachments, tools and schemas have no meaning here
    /// and are refused by name.
    static func llmTemplate(_ root: YAMLMapping, name: String) throws -> Template {
        try root.allow(["name", "description", "system", "prompt", "model", "options", "defaults"])
        var template = Template(name: try root.string("name") ?? name)
        template.description = try root.string("description") ?? ""
        var names: [String] = []
        template.system = try root.string("system").map { convert($0, &names) }
        if let prompt = try root.string("prompt") {
            var inPrompt: [String] = []
            template.input = convert(prompt, &inPrompt)
            if !inPrompt.contains("input") { template.input += "\n{{ input }}" }
            names += inPrompt
        }
        for name in names where name != "input" {
            template.variables.updateValue(nil, forKey: name)
        }
        if let defaults = try root.mapping("defaults") {
            for (key, _) in defaults.entries {
                template.variables.updateValue(try defaults.string(key), forKey: key)
            }
        }
        if let options = try root.mapping("options") {
            // Options are the model plugin's own; those with a meaning here are taken over.
            template.sampling.temperature = try options.number("temperature", in: 0...100)
                .map(Float.init)
            template.sampling.topP = try options.number("top_p", in: 0...1).map(Float.init)
            template.sampling.topK = try options.integer("top_k", in: 0...10_000_000)
            template.sampling.maxTokens = try options.integer("max_tokens", in: 1...10_000_000)
        }
        return template
    }

    /// `$name` of Python's string.Template to `{{ name }}`.
    private static func convert(_ text: String, _ names: inout [String]) -> String {
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += TemplateText.escaped(String(rest[..<dollar]))
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
                continue
            }
            let isBraced = rest.first == "{"
            let body = isBraced ? rest.dropFirst() : rest
            let name = body.prefix { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
            guard let first = name.first, !first.isNumber,
                !isBraced || body.dropFirst(name.count).first == "}"
            else {
                result += "$"
                continue
            }
            names.append(String(name))
            result += "{{ \(name) }}"
            rest = body.dropFirst(name.count + (isBraced ? 1 : 0))
        }
        return result + TemplateText.escaped(String(rest))
    }

    /// A role of aichat: optional front matter, then either a system text followed by
    /// `### INPUT:` / `### OUTPUT:` examples, or a prompt with `__INPUT__` in it.
    static func role(_ text: String, name: String, path: String) throws -> Template {
        var template = Template(name: name)
        var body = text.replacing("\r\n", with: "\n")
        if body.hasPrefix("---\n"), let end = body.firstRange(of: "\n---") {
            let header = String(body[body.index(body.startIndex, offsetBy: 4)..<end.lowerBound])
            body = String(body[end.upperBound...].drop { $0 != "\n" }.dropFirst())
            let node: Node?
            do { node = try Yams.compose(yaml: header) } catch {
                throw EngineError.invalidFile(
                    path: path, line: nil, reason: "the front matter is not valid YAML")
            }
            if let node {
                let map = try YAMLMapping(node, path: path, what: "front matter")
                try map.allow([
                    "model", "temperature", "top_p", "use_tools", "name", "description",
                ])
                template.sampling.temperature = try map.number("temperature", in: 0...100)
                    .map(Float.init)
                template.sampling.topP = try map.number("top_p", in: 0...1).map(Float.init)
                template.description = try map.string("description") ?? ""
            }
        }
        if body.contains("__INPUT__") {
            template.input = TemplateText.escaped(body.trimmed)
                .replacing("__INPUT__", with: "{{ input }}")
            return template
        }
        var sections: [(isInput: Bool, text: String)] = []
        var system = ""
        for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
            let mark = line.trimmingCharacters(in: .whitespaces)
            if mark == "### INPUT:" || mark == "### OUTPUT:" {
                sections.append((mark == "### INPUT:", ""))
            } else if sections.isEmpty {
                system += line + "\n"
            } else {
                sections[sections.count - 1].text += line + "\n"
            }
        }
        system = system.trimmed
        template.system = system.isEmpty ? nil : TemplateText.escaped(system)
        for start in stride(from: 0, to: sections.count, by: 2) {
            guard start + 1 < sections.count, sections[start].isInput, !sections[start + 1].isInput
            else {
                throw EngineError.invalidFile(
                    path: path, line: nil,
                    reason: "### INPUT: and ### OUTPUT: are expected to take turns")
            }
            template.examples.append(
                Template.Example(
                    user: TemplateText.escaped(sections[start].text.trimmed),
                    assistant: TemplateText.escaped(sections[start + 1].text.trimmed)))
        }
        return template
    }
}

extension String {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
