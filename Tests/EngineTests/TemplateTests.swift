import Foundation
import LanguageModel
import Testing

@testable import Engine

@Suite struct TemplateTests {
    @Test func everyBuiltInTemplateIsRead() throws {
        let names = BuiltInTemplates.all.map(\.name)
        #expect(
            names == ["chat", "continue", "riddle", "sentiment", "summarize", "translate-en-fr"])
        let chat = try #require(BuiltInTemplates.all.first)
        #expect(chat.system == nil && chat.examples.isEmpty)
        #expect(try chat.filled(input: "{{ x }} as it is").input == "{{ x }} as it is")
    }

    @Test func theProgramCarriesTheFilesOfAssets() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        func text(_ path: String) throws -> String {
            try String(contentsOf: root.appendingPathComponent("Assets/" + path), encoding: .utf8)
        }
        let files = try FileManager.default.contentsOfDirectory(
            atPath: root.appendingPathComponent("Assets/templates").path
        ).filter { $0.hasSuffix(".yaml") }.sorted()
        #expect(files == EmbeddedAssets.templates.map(\.name).sorted(), "run scripts/embed-assets")
        for (name, embedded) in EmbeddedAssets.templates {
            #expect(try text("templates/" + name) == embedded, "run scripts/embed-assets")
        }
        #expect(try text("models.yaml") == EmbeddedAssets.models, "run scripts/embed-assets")
    }

    static let full = """
        name: tone
        description: "Says it in a tone"
        mode: chat
        system: You are {{ style }}.
        examples:
          - user: |-
              two
              lines
            assistant: "quote \\" and $"
        input: "{{style}}: {{ input }}"
        variables: { style: { default: plain }, topic: , size: {} }
        labels: [good, bad]
        calibrate: true
        stop: ["\\n\\n"]
        sampling: { temperature: 0.2, top_k: 5, top_p: 0.9, min_p: 0.1, repetition_penalty: 1.1, max_tokens: 8 }
        """

    @Test func allKeysAreReadAndWrittenBack() throws {
        let template = try TemplateReader.read(Self.full, path: "/x/tone.yaml")
        #expect(template.name == "tone")
        #expect(template.variables == ["style": "plain", "topic": nil, "size": nil])
        #expect(template.examples == [.init(user: "two\nlines", assistant: "quote \" and $")])
        #expect(template.labels == ["good", "bad"])
        #expect(template.sampling.maxTokens == 8)
        #expect(template.sampling.temperature == 0.2)
        var again = try TemplateReader.read(try template.yaml(), path: "/x/tone.yaml")
        again.hash = template.hash
        #expect(again == template)
    }

    @Test func variablesAreFilledOnce() throws {
        let template = try TemplateReader.read(Self.full, path: "tone.yaml")
        let filled = try template.filled(
            input: "{{ style }}", variables: ["style": "{{ input }}", "topic": "", "size": ""])
        #expect(filled.system == "You are {{ input }}.")
        #expect(filled.input == "{{ input }}: {{ style }}")
        #expect(template.missingVariables(["size": "1"]) == ["topic"])
    }

    @Test func aRequiredVariableWithoutAValueIsAnError() throws {
        let template = try TemplateReader.read(
            "input: '{{ input }} {{ topic }}'\nvariables: { topic: {} }", path: "t.yaml")
        #expect(throws: EngineError.missingVariable(name: "topic", template: "t")) {
            try template.filled(input: "x")
        }
    }

    @Test(arguments: [
        ("name: a\nsytem: x", 2, "unknown key \"sytem\"; did you mean system?"),
        ("name: a\n\nsampling:\n  temprature: 1", 4, "did you mean temperature?"),
        ("examples:\n  - user: a\n    asistant: b", 3, "unknown key \"asistant\""),
        ("examples: text", 1, "examples is expected to be a list"),
        ("system: [a]", 1, "system is expected to be text"),
        ("sampling: { temperature: hot }", 1, "temperature is expected to be a number"),
        ("sampling: { max_tokens: 0 }", 1, "max_tokens is expected to be a whole number"),
        ("labels: [one]", 1, "at least two different"),
        ("description: x\ninput: nothing here", 2, "input needs {{ input }}"),
        ("name: a\ndescription: d\nsystem: 'be {{ tone }}'", 3, "{{ tone }} is not declared"),
        ("name: a\nname: b", 2, "twice"),
        ("name: [", 2, "not valid YAML"),
        ("- a", 1, "a template is expected"),
        ("mode: loud", 1, "mode is chat or plain"),
    ])
    func mistakesAreNamedWithTheirLine(text: String, line: Int, reason: String) throws {
        do {
            _ = try TemplateReader.read(text, path: "/t/mine.yaml")
            Issue.record("was read")
        } catch EngineError.invalidFile(let path, let found, let said) {
            #expect(path == "/t/mine.yaml")
            #expect(found == line, "\(said)")
            #expect(said.contains(reason), "\(said)")
        }
    }

    @Test func templatesOfLLMAreReadAsTheyAre() throws {
        let template = try TemplateReader.read(
            """
            model: gpt-4
            system: You speak like a $character
            prompt: 'Summarize $input for ${who}: $$5 {{ raw }}'
            defaults:
              character: pirate
            options:
              temperature: 0.5
            """, path: "/x/pirate.yaml")
        #expect(template.name == "pirate")
        #expect(template.variables == ["character": "pirate", "who": nil])
        let filled = try template.filled(input: "$text", variables: ["who": "me"])
        #expect(filled.system == "You speak like a pirate")
        #expect(filled.input == "Summarize $text for me: $5 {{ raw }}")
        #expect(template.sampling.temperature == 0.5)
        let bare = try TemplateReader.read("prompt: Explain this", path: "e.yaml")
        #expect(try bare.filled(input: "that").input == "Explain this\nthat")
        #expect(throws: EngineError.self) {
            try TemplateReader.read("prompt: a\nschema_object: {}", path: "s.yaml")
        }
    }

    @Test func rolesOfAIChatAreReadAsTheyAre() throws {
        let role = try TemplateReader.read(
            """
            ---
            model: openai:gpt-4o
            temperature: 0
            ---
            You convert text to emojis {{ literally }}

            ### INPUT:
            joy
            ### OUTPUT:
            😀
            ### INPUT:
            two
            lines
            ### OUTPUT:
            2️⃣
            """, path: "/roles/emoji.md")
        #expect(role.name == "emoji")
        #expect(role.sampling.temperature == 0)
        #expect(try role.filled(input: "x").system == "You convert text to emojis {{ literally }}")
        #expect(role.examples.map(\.user) == ["joy", "two\nlines"])
        #expect(role.examples.map(\.assistant) == ["😀", "2️⃣"])
        let embedded = try TemplateReader.read("convert __INPUT__ to emoji", path: "e.md")
        #expect(try embedded.filled(input: "joy").input == "convert joy to emoji")
    }
}

@Suite struct TemplateLibraryTests {
    @Test func filesAreTakenUpLiveAndABrokenOneKeepsTheLastGoodVersion() throws {
        let scratch = try Scratch()
        let library = TemplateLibrary(paths: scratch.paths)
        let path = scratch.paths.templates + "/mine.yaml"
        try AtomicFile.write("system: one", to: path)
        #expect(try library.template("mine").system == "one")
        try AtomicFile.write("system: two, longer", to: path)
        #expect(try library.template("mine").system == "two, longer")
        try AtomicFile.write("sistem: three", to: path)
        #expect(try library.template("mine").system == "two, longer")
        #expect(library.problems.map(\.path) == [path])
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: EngineError.self) { try library.template("mine") }
        #expect(library.problems.isEmpty)
    }

    @Test func ownTemplatesGoBeforeBuiltInOnes() throws {
        let scratch = try Scratch()
        let library = TemplateLibrary(paths: scratch.paths)
        let path = try library.editablePath(of: "riddle")
        #expect(try library.template("riddle").path == path)
        try AtomicFile.write("name: riddle\nsystem: mine", to: path)
        #expect(try library.template("riddle").system == "mine")
        #expect(library.all().filter { $0.name == "riddle" }.count == 1)
    }

    @Test func changesAreReported() async throws {
        let scratch = try Scratch()
        let library = TemplateLibrary(paths: scratch.paths)
        let path = scratch.paths.templates + "/mine.yaml"
        var seen: [TemplateChange] = []
        try AtomicFile.write("system: one", to: path)
        for await change in library.changes(every: .milliseconds(5)) {
            seen.append(change)
            switch seen.count {
            case 1: try AtomicFile.write("nonsense: true", to: path)
            case 2: try FileManager.default.removeItem(atPath: path)
            default: break
            }
            if seen.count == 3 { break }
        }
        #expect(seen[0] == .updated("mine"))
        guard case .broken(path, let reason) = seen[1] else {
            Issue.record("\(seen[1])")
            return
        }
        #expect(reason.contains("line 1") && reason.contains("nonsense"))
        #expect(seen[2] == .removed("mine"))
    }

    @Test func aBrokenFileSaysWhyWhereItsNameIsAskedFor() throws {
        let scratch = try Scratch()
        try AtomicFile.write("labels: 3", to: scratch.paths.templates + "/bad.yaml")
        let library = TemplateLibrary(paths: scratch.paths)
        #expect(
            throws: EngineError.invalidFile(
                path: scratch.paths.templates + "/bad.yaml", line: 1,
                reason: "labels is expected to be a list")
        ) { try library.template("bad") }
    }
}
