import ChatTemplates
import Foundation
import JSON
import LanguageModel
import Yams

/// Reads template files: ours, those of simonw/llm (YAML with `prompt` and `$input`), and
/// aichat's roles (Markdown).
public enum TemplateReader {
    /// Reads a file by its ending: `.md` is a role, everything else YAML.
    public static func read(contentsOf path: String) throws -> Template {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw EngineError.file(path: path, reason: "the file cannot be read")
        }
        guard data.count <= 1 << 20 else {
            throw EngineError.invalidFile(
                path: path, line: nil, reason: "a template has at most 1 MiB")
        }
        guard let text = String(validatingUTF8Bytes: data) else {
            throw EngineError.invalidFile(path: path, line: nil, reason: "it is not UTF-8 text")
        }
        return try read(text, path: path)
    }

    /// `path` names the file in errors and, without its ending, a template without a name.
    public static func read(_ text: String, path: String) throws -> Template {
        let file = NSString(string: path).lastPathComponent
        let name = NSString(string: file).deletingPathExtension
        var template =
            file.hasSuffix(".md")
            ? try role(text, name: name, path: path) : try yaml(text, name: name, path: path)
        template.hash = SHA256.hex(of: text)
        template.path = path
        return template
    }

    private static func yaml(_ text: String, name: String, path: String) throws -> Template {
        let root: YAMLMapping
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw EngineError.invalidFile(path: path, line: nil, reason: "the file is empty")
            }
            root = try YAMLMapping(node, path: path, what: "a template")
        } catch let error as YamlError {
            throw EngineError.invalidFile(
                path: path, line: line(of: error, in: text), reason: reason(of: error))
        }
        let isForeign =
            root.has(anyOf: ["prompt", "options", "defaults", "fragments", "schema_object"])
            && !root.has(
                anyOf: nativeKeys.filter { !["name", "system", "description"].contains($0) })
        return isForeign
            ? try llmTemplate(root, name: name) : try native(root, name: name)
    }

    private static let nativeKeys = [
        "name", "description", "mode", "system", "examples", "input", "variables", "labels",
        "calibrate", "stop", "sampling", "grammar", "json_schema",
    ]

    private static func native(_ root: YAMLMapping, name: String) throws -> Template {
        try root.allow(nativeKeys)
        var template = Template(name: try root.string("name") ?? name)
        guard !template.name.isEmpty, !template.name.contains(where: \.isWhitespace),
            !template.name.contains("/")
        else { throw root.error("name", "a name has no spaces and no slash") }
        template.description = try root.string("description") ?? ""
        if let mode = try root.string("mode") {
            guard let known = Template.Mode(rawValue: mode) else {
                throw root.error("mode", "mode is chat or plain, not \"\(mode)\"")
            }
            template.mode = known
        }
        template.system = try root.string("system")
        template.examples = try root.list("examples").map { node in
            let example = try YAMLMapping(node, path: root.path, what: "an example")
            try example.allow(["user", "assistant"])
            guard let user = try example.string("user"),
                let assistant = try example.string("assistant")
            else { throw example.error(nil, "an example has a user and an assistant text") }
            return Template.Example(user: user, assistant: assistant)
        }
        if let input = try root.string("input") {
            guard TemplateText(input).variables.contains("input") else {
                throw root.error("input", "input needs {{ input }}, where the person's text goes")
            }
            template.input = input
        }
        if let variables = try root.mapping("variables") {
            for (key, node) in variables.entries {
                guard key != "input" else {
                    throw variables.error(key, "input is the person's text and no variable")
                }
                guard TemplateText("{{ \(key) }}").variables == [key] else {
                    throw variables.error(key, "a variable's name has letters, digits, - and _")
                }
                if node.null != nil || node.scalar?.string == "" {
                    template.variables.updateValue(nil, forKey: key)
                    continue
                }
                let variable = try YAMLMapping(
                    node, path: root.path, what: "a variable (such as { default: plain })")
                try variable.allow(["default"])
                template.variables.updateValue(try variable.string("default"), forKey: key)
            }
        }
        template.labels = try root.strings("labels")
        if !template.labels.isEmpty {
            guard template.labels.count >= 2, Set(template.labels).count == template.labels.count,
                !template.labels.contains("")
            else { throw root.error("labels", "labels are at least two different words") }
        }
        template.calibratesLabels = try root.bool("calibrate") ?? false
        template.stop = try root.strings("stop")
        if let sampling = try root.mapping("sampling") {
            template.sampling = try self.sampling(sampling)
        }
        template.constraint = try constraint(root)
        if template.constraint != nil, !template.labels.isEmpty {
            throw root.error("labels", "labels are a constraint already; leave the other out")
        }
        for text in [template.system ?? "", template.input]
            + template.examples.flatMap({ [$0.user, $0.assistant] })
        {
            for variable in TemplateText(text).variables
            where variable != "input" && template.variables[variable] == nil {
                throw EngineError.invalidFile(
                    path: root.path, line: root.line(containing: variable),
                    reason: "{{ \(variable) }} is not declared under variables")
            }
        }
        for text in [template.system ?? ""]
            + template.examples.flatMap({ [$0.user, $0.assistant] })
        where TemplateText(text).variables.contains("input") {
            throw EngineError.invalidFile(
                path: root.path, line: nil, reason: "{{ input }} belongs under input only")
        }
        return template
    }

    private static func sampling(_ map: YAMLMapping) throws -> SettingOverrides {
        let numbers = SettingOverrides.numbers
        let counts = SettingOverrides.counts
        try map.allow(numbers.map(\.name) + counts.map(\.name) + ["logit_bias"])
        var sampling = SettingOverrides()
        for field in numbers {
            let range = Double(field.range.lowerBound)...Double(field.range.upperBound)
            sampling[keyPath: field.path] = try map.number(field.name, in: range).map(Float.init)
        }
        for field in counts {
            sampling[keyPath: field.path] = try map.integer(field.name, in: field.range)
        }
        if let biases = try map.mapping("logit_bias") {
            sampling.logitBias = try biases.entries.map { key, _ in
                guard let token = TokenID(key), token >= 0,
                    let bias = try biases.number(key, in: -10_000...10_000)
                else { throw biases.error(key, "logit_bias has token ids and numbers") }
                return .init(token: token, bias: Float(bias))
            }
        }
        return sampling
    }

    private static func constraint(_ root: YAMLMapping) throws -> Template.Constraint? {
        var found: (key: String, value: Template.Constraint)?
        if let grammar = try root.string("grammar") { found = ("grammar", .grammar(grammar)) }
        if let node = root.node("json_schema") {
            guard found == nil else {
                throw root.error("json_schema", "a template has a grammar or a json_schema")
            }
            do {
                let schema =
                    try node.scalar.map { try JSONValue(parsing: Data($0.string.utf8)) }
                    ?? JSONValue(node)
                found = ("json_schema", .jsonSchema(schema))
            } catch let error as JSONSyntaxError {
                throw root.error("json_schema", "json_schema is not JSON at its \(error)")
            }
        }
        guard let found else { return nil }
        do {
            _ = try found.value.grammar()
        } catch let error as GrammarError {
            throw root.error(found.key, "\(error)")
        }
        return found.value
    }

    private static func line(of error: YamlError, in text: String) -> Int? {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
            mark.line
        case .duplicatedKeysInMapping(let keys, let context):
            // Yams knows where the mapping begins; the second of the keys is below.
            text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .filter { line in
                    line.offset >= context.mark.line - 1
                        && keys.contains { line.element.contains("\($0):") }
                }.dropFirst().first.map { $0.offset + 1 } ?? context.mark.line
        default: nil
        }
    }

    private static func reason(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _),
            .composer(_, let problem, _, _):
            "not valid YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, _):
            "the key \"\(keys.first.map { "\($0)" } ?? "")\" is there twice"
        default: "not valid YAML"
        }
    }
}

extension String {
    init?(validatingUTF8Bytes data: Data) {
        self.init(data: data, encoding: .utf8)
    }
}
