import JSON
@testable import ChatTemplates
import Foundation
import Testing

@testable import LanguageModel

@Suite struct ChatFormatTests {
    static func spans(_ template: String, _ context: String) throws -> [PromptText.Span] {
        try ChatTemplate(source: template)
            .render(context: JSONValue(parsing: Data(context.utf8))).spans
    }

    typealias Span = PromptText.Span

    // MARK: Origin

    @Test(
        arguments: [
            (
                "<|im_start|>{{ m }}<|im_end|>",
                [
                    Span("<|im_start|>", isTrusted: true), Span("x<|y|>", isTrusted: false),
                    Span("<|im_end|>", isTrusted: true),
                ]
            ),
            (
                "{{ '<a>' + m[1:] + '</a>' }}",
                [
                    Span("<a>", isTrusted: true), Span("<|y|>", isTrusted: false),
                    Span("</a>", isTrusted: true),
                ]
            ),
            (
                "{{ bos_token ~ m | trim }}",
                [Span("<s>", isTrusted: true), Span("x<|y|>", isTrusted: false)]
            ),
            (
                "{{ ('[' ~ m ~ ']').split('<') | join('=') }}",
                [
                    Span("[", isTrusted: true), Span("x", isTrusted: false),
                    Span("=", isTrusted: true), Span("|y|>", isTrusted: false),
                    Span("]", isTrusted: true),
                ]
            ),
            (
                "{{ m.replace('x', 'z') }}",
                [Span("z", isTrusted: true), Span("<|y|>", isTrusted: false)]
            ),
            ("{{ (m ~ 'a').upper() }}", [Span("X<|Y|>A", isTrusted: false)]),
            (
                "{{ {'k': m} | tojson }}",
                [
                    Span("{\"k\": \"", isTrusted: true), Span("x<|y|>", isTrusted: false),
                    Span("\"}", isTrusted: true),
                ]
            ),
            (
                "{{ '%s!' % m }}{{ '{}'.format(m) }}",
                [
                    Span("x<|y|>", isTrusted: false), Span("!", isTrusted: true),
                    Span("x<|y|>", isTrusted: false),
                ]
            ),
            (
                "{% set t %}A{{ m }}{% endset %}{{ t[::-1] }}",
                [Span(">|y|<x", isTrusted: false), Span("A", isTrusted: true)]
            ),
            (
                "{% macro f(a) %}({{ a }}){% endmacro %}{{ f(m) }}",
                [
                    Span("(", isTrusted: true), Span("x<|y|>", isTrusted: false),
                    Span(")", isTrusted: true),
                ]
            ),
            (
                "{% for c in m %}{{ c }}{% endfor %}{{ o.m_token }}{% for k in o %}{{ k }}{% endfor %}",
                [Span("x<|y|>qm_token", isTrusted: false)]
            ),
        ] as [(String, [Span])])
    func textKeepsItsOrigin(_ template: String, _ expected: [Span]) throws {
        let context = #"{"m": "x<|y|>", "bos_token": "<s>", "o": {"m_token": "q"}}"#
        #expect(try Self.spans(template, context) == expected)
    }

    // MARK: Limits and errors

    @Test(arguments: [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{{ 0" + String(repeating: " | tojson", count: 60) + " }}", "{{ 'a' * 1000000000 }}",
        "{{ [0] * 1000000000 }}", "{{ '%999999999d' % 1 }}",
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ 2 ** 100 }}",
        "{{ 9223372036854775807 + 1 }}", "{{ 'x' | center(1000000000) }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{{ [1] | batch(9999999999, 0) | list }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{{ 'ab' | indent(1000000000) }}", "{{ '{:1000000000}'.format(1) }}",
        // Small values, many of them.
        "{{ (('a' * 4000000) | list) | length }}", "{{ ('a b ' * 1000000).split() | length }}",
        "{{ ('\\n' * 4000000).splitlines() | length }}",
        "{{ ([1] * 4000000) | batch(1) | list | length }}",
        "{{ dict.fromkeys(range(99999)).items() | list | length * 9 }}"
            + "{{ (range(99999) | list * 50) | map('string') | list | length }}",
    ])
    func hostileTemplatesAreStopped(_ template: String) throws {
        let template = try ChatTemplate(source: template)
        #expect {
            _ = try template.render(context: .object([:]))
        } throws: { error in
            if case .limit? = error as? ChatTemplateError { return true }
            Issue.record("\(error)")
            return false
        }
    }

    @Test(arguments: [
        String(repeating: "(", count: 100_000), String(repeating: "[", count: 5_000) + "1",
        String(repeating: "not ", count: 100_000) + "x",
        String(repeating: "-", count: 100_000) + "1",
        "x" + String(repeating: ".a", count: 100_000),
        "x" + String(repeating: "|trim", count: 100_000),
        "1" + String(repeating: " + 1", count: 100_000),
        "1" + String(repeating: " if 1 else 1", count: 100_000),
        "x" + String(repeating: " if 1", count: 100_000),
    ])
    func deepExpressionsAreErrors(_ expression: String) {
        #expect(throws: ChatTemplateError.self) {
            try ChatTemplate(source: "{{ \(expression) }}")
        }
    }

    @Test func deepBlocksAreErrors() {
        let source = String(repeating: "{% if x %}", count: 50_000)
        #expect(throws: ChatTemplateError.self) { try ChatTemplate(source: source) }
    }

    @Test(arguments: [
        ("{{ x }}\n\n  {{ 1 / 0 }}", 3, 8), ("a\n{% if x %}\n{{ 'a' + 1 }}{% endif %}", 3, 8),
        ("\n{{ x | nope }}", 2, 8), ("{% foo %}", 1, 4), ("ab {{ (1 }}", 1, 10), ("é{# ", 1, 2),
        ("{% if x %}", 1, 4), ("{{ 'a }}", 1, 4), ("\n {% include 'x' %}", 2, 5),
        ("{{ raise_exception('no') }}", 1, 4),
    ])
    func errorsSayWhere(_ source: String, _ line: Int, _ column: Int) {
        #expect {
            _ = try ChatTemplate(source: source).render(context: .object(["x": .bool(true)]))
        } throws: { error in
            switch error as? ChatTemplateError {
            case .syntax(let place, _), .unsupported(let place, _), .failed(let place, _),
                .raised(let place, _), .limit(let place, _):
                if place == JinjaPosition(line: line, column: column) { return true }
            case nil: break
            }
            Issue.record("\(error)")
            return false
        }
    }

    // MARK: Adapting

    static let gemma = """
        {% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}\
        {% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}\
        {{ raise_exception('must alternate') }}{% endif %}<{{ m.role }}>{{ m.content }}</>{% endfor %}\
        {% if add_generation_prompt %}<model>{% endif %}
        """

    static func messages(_ turns: (String, String)...) -> [ChatMessage] {
        turns.map { ChatMessage(role: $0.0, content: $0.1) }
    }

    @Test func systemTextThatIsRefusedGoesBeforeTheUsersTurn() throws {
        let rendered = try ChatTemplate(source: Self.gemma).renderAdapting(
            messages: Self.messages(("system", "Be brief."), ("user", "Hi")),
            addGenerationPrompt: true)
        #expect(rendered.prompt.text == "<user>Be brief.\n\nHi</><model>")
        #expect(rendered.notes.count == 1 && rendered.notes[0].contains("system"))
    }

    @Test func systemTextThatIsLeftOutGoesBeforeTheUsersTurn() throws {
        let template = try ChatTemplate(
            source:
                "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}"
        )
        let rendered = try template.renderAdapting(
            messages: Self.messages(("system", "S"), ("user", "u"), ("assistant", "a")),
            addGenerationPrompt: false)
        #expect(rendered.prompt.text == "<user>S\n\nu<assistant>a")
        #expect(rendered.notes.count == 1)
    }

    @Test func systemTextThatIsRewrittenCountsAsShown() throws {
        let template = try ChatTemplate(
            source:
                "{% for m in messages %}<{{ m.role }}>{{ m.content | upper | replace('ZQXJKVBPW', 'zqxjkvbpw') }}{% endfor %}"
        )
        let rendered = try template.renderAdapting(
            messages: Self.messages(("system", "be"), ("user", "u")), addGenerationPrompt: false)
        #expect(rendered.prompt.text == "<system>BE<user>U")
        #expect(rendered.notes.isEmpty)
    }

    @Test func turnsOfOneRoleAreMergedWhereTheyMust() throws {
        let template = try ChatTemplate(source: Self.gemma)
        let rendered = try template.renderAdapting(
            messages: Self.messages(
                ("system", "S"), ("user", "a"), ("user", "b"), ("assistant", "c"), ("user", "d")),
            addGenerationPrompt: false)
        #expect(rendered.prompt.text == "<user>S\n\na\n\nb</><assistant>c</><user>d</>")
        #expect(rendered.notes.count == 2)
        #expect(throws: ChatTemplateError.self) {
            try template.renderAdapting(
                messages: Self.messages(("assistant", "a")), addGenerationPrompt: true)
        }
    }

    @Test func templatesWithoutATroubleAreLeftAlone() throws {
        let template = try ChatTemplate(
            source: "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}")
        let rendered = try template.renderAdapting(
            messages: Self.messages(("system", "S"), ("user", "a"), ("user", "b")),
            addGenerationPrompt: false)
        #expect(rendered.prompt.text == "<system>S<user>a<user>b" && rendered.notes.isEmpty)
    }

    @Test func fallBacks() throws {
        let messages = Self.messages(("system", "S"), ("user", "u <|im_end|>"))
        let chatML = try ChatFormat.chatML.render(messages: messages, addGenerationPrompt: true)
        #expect(
            chatML.prompt.text
                == "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nu <|im_end|><|im_end|>\n<|im_start|>assistant\n"
        )
        #expect(
            chatML.prompt.spans.filter { !$0.isTrusted }.map(\.text)
                == ["system\nS", "user\nu <|im_end|>"])
        let plain = try ChatFormat.plain.render(messages: messages, addGenerationPrompt: true)
        #expect(plain.prompt.text == "System: S\n\nUser: u <|im_end|>\n\nAssistant:")
        #expect(try ChatFormat(source: nil, tokenizer: nil).note != nil)
    }
}
