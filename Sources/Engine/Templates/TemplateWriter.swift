import Foundation
import Yams

extension Template {
    /// The template as a file of ours; ``TemplateReader`` reads it back as it was.
    public func yaml() throws -> String {
        var pairs: [(Node, Node)] = []
        func text(_ value: String) -> Node {
            .scalar(
                Node.Scalar(
                    value, Tag(.str), value.contains("\n") ? .literal : .doubleQuoted))
        }
        func add(_ key: String, _ node: Node) { pairs.append((Node(key), node)) }
        add("name", text(name))
        if !description.isEmpty { add("description", text(description)) }
        if mode != .chat { add("mode", Node(mode.rawValue)) }
        if let system { add("system", text(system)) }
        if !examples.isEmpty {
            add(
                "examples",
                Node(
                    examples.map {
                        Node([
                            (Node("user"), text($0.user)), (Node("assistant"), text($0.assistant)),
                        ])
                    }))
        }
        if input != "{{ input }}" { add("input", text(input)) }
        if !variables.isEmpty {
            add(
                "variables",
                Node(
                    variables.sorted { $0.key < $1.key }.map { key, value in
                        (text(key), Node(value.map { [(Node("default"), text($0))] } ?? []))
                    }))
        }
        if !labels.isEmpty { add("labels", Node(labels.map(text))) }
        if calibratesLabels { add("calibrate", Node("true")) }
        if !stop.isEmpty { add("stop", Node(stop.map(text))) }
        var settings: [(Node, Node)] = []
        func set(_ key: String, _ value: (some CustomStringConvertible)?) {
            if let value { settings.append((Node(key), Node(value.description))) }
        }
        for field in SettingOverrides.numbers { set(field.name, sampling[keyPath: field.path]) }
        for field in SettingOverrides.counts { set(field.name, sampling[keyPath: field.path]) }
        if let biases = sampling.logitBias {
            settings.append(
                (
                    Node("logit_bias"),
                    Node(biases.map { (Node("\($0.token)"), Node("\($0.bias)")) })
                ))
        }
        if !settings.isEmpty { add("sampling", Node(settings)) }
        switch constraint {
        case .grammar(let grammar): add("grammar", text(grammar))
        case .jsonSchema(let schema): add("json_schema", text(schema.text))
        case nil: break
        }
        return try Yams.serialize(node: Node(pairs), width: -1, allowUnicode: true)
    }
}
