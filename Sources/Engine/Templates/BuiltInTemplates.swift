/// The templates inside the program: the files of Assets/templates.
public enum BuiltInTemplates {
    /// File texts by template name.
    static var sources: [String: String] {
        Dictionary(
            EmbeddedAssets.templates.map { (String($0.name.dropLast(".yaml".count)), $0.text) },
            uniquingKeysWith: { first, _ in first })
    }

    public static let all: [Template] = sources.sorted { $0.key < $1.key }.map { name, text in
        do {
            var template = try TemplateReader.read(text, path: "\(name).yaml")
            template.path = nil
            return template
        } catch {
            // A programmer's error: a test reads every built-in template.
            preconditionFailure("built-in template \(name): \(error.sentence)")
        }
    }
}
