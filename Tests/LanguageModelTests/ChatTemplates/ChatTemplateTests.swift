import JSON
@testable import ChatTemplates
import Foundation
import Testing

@testable import LanguageModel

/// Expectations written by Tests/Scripts/chat_templates.py: what transformers renders.
struct TemplateCases {
    struct Case {
        var name: String
        var template: String
        var context: JSONValue
        /// Nil where rendering must fail.
        var expected: String?
        /// What Python says went wrong.
        var error: String?
    }

    var now: Date
    var cases: [Case] = []

    init(contentsOf url: URL) throws {
        let document = try JSONValue(parsing: Data(contentsOf: url))
        now = Date(timeIntervalSince1970: document["now"]?.double ?? 0)
        for item in document["cases"]?.array ?? [] {
            // Templates and contexts that repeat are referred to by name.
            let template = item["template"]?.string ?? ""
            var context = item["context"] ?? .null
            if let name = context.string { context = document["contexts"]?[name] ?? .null }
            cases.append(
                Case(
                    name: item["name"]?.string ?? "",
                    template: document["templates"]?[template]?.string ?? template,
                    context: context, expected: item["expected"]?.string,
                    error: item["error"]?.string))
        }
    }

    func check() {
        for item in cases {
            let rendered = Result {
                try ChatTemplate(source: item.template).render(context: item.context, now: now)
            }
            switch (rendered, item.expected) {
            case (.success(let prompt), let expected?):
                // Scalars: Swift's == would call canonically equivalent texts equal.
                if Array(prompt.text.unicodeScalars) != Array(expected.unicodeScalars) {
                    Issue.record(
                        """
                        \(item.name)
                        template: \(item.template.prefix(300))
                        expected: \(expected.debugDescription)
                        actual:   \(prompt.text.debugDescription)
                        """)
                }
            case (.success(let prompt), nil):
                Issue.record(
                    """
                    \(item.name)
                    template: \(item.template.prefix(300))
                    expected the error: \(item.error ?? "")
                    actual: \(prompt.text.debugDescription)
                    """)
            case (.failure(let error), .some):
                Issue.record(
                    "\(item.name)\ntemplate: \(item.template.prefix(300))\nfailed: \(error)")
            case (.failure, nil): break
            }
        }
    }
}

@Suite struct ChatTemplateTests {
    @Test func rendersAsTransformersDoes() throws {
        let url = try #require(
            Bundle.module.url(forResource: "Goldens/chat_templates", withExtension: "json"))
        let cases = try TemplateCases(contentsOf: url)
        #expect(cases.cases.count > 350)
        cases.check()
    }

    /// Real templates, which are not ours to copy, and random ones.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["RIPOSTE_CHAT_TEMPLATES"] != nil))
    func rendersGivenTemplatesAsTransformersDoes() throws {
        let path = try #require(ProcessInfo.processInfo.environment["RIPOSTE_CHAT_TEMPLATES"])
        var files = [URL(filePath: path)]
        if path.hasSuffix("/") || !path.hasSuffix(".json") {
            files = try FileManager.default.contentsOfDirectory(
                at: URL(filePath: path), includingPropertiesForKeys: nil
            )
            .filter { $0.pathExtension == "json" }
        }
        #expect(!files.isEmpty)
        for file in files { try TemplateCases(contentsOf: file).check() }
    }
}
