import Engine
import Testing

@testable import TUI

@Suite struct SlashCommandTests {
    private func parsed(_ line: String) -> SlashCommand? {
        if case .command(let command) = SlashCommand.parse(line) { command } else { nil }
    }

    @Test func commandsAndArguments() {
        #expect(parsed("/template sentiment") == .template("sentiment"))
        #expect(parsed("/template") == .command(.templates))
        #expect(parsed("/n 4") == .candidates(4))
        #expect(parsed("/set temperature 0.7") == .set(.temperature, "0.7"))
        #expect(parsed("/set top-p 0.9") == .set(.topP, "0.9"))
        #expect(parsed("/system Be brief.  ") == .system("Be brief."))
        #expect(parsed("/system") == .system(""))
        #expect(parsed("/regen") == .regenerate)
        #expect(parsed("/rank 1 2 2 3") == .rank([1, 2, 2, 3]))
        #expect(parsed("/accept b") == .accept(2))
        #expect(
            parsed("/compare chat,temperature=0.2 sentiment")
                == .compare(["chat,temperature=0.2", "sentiment"]))
        #expect(parsed("/revise 3 And of Spain?") == .revise(3, "And of Spain?"))
        #expect(parsed("/revise And of Spain?") == .revise(nil, "And of Spain?"))
        #expect(parsed("/version 3 2") == .version(3, 2))
        #expect(parsed("/vote") == .vote(nil))
        #expect(parsed("/pick 12 3") == .pick(12, 3))
        #expect(parsed("/mouse off") == .mouse(false))
        #expect(parsed("/bell never") == .bell(.never))
        #expect(parsed("/copy code") == .command(.copyCode))
        #expect(parsed("/var style dry wit") == .variable("style", "dry wit"))
        #expect(parsed("/help") == .command(.help))
        #expect(parsed("/q") == .command(.quit))
    }

    @Test(arguments: [
        "/", "/nonsense", "/n", "/n zero", "/n 1000", "/set temperatur 1", "/set temperature",
        "/rank", "/rank a b", "/bell loud", "/accept 0", "/quit now", "/s",
    ]) func mistakesAreSentences(_ line: String) {
        guard case .message(let text) = SlashCommand.parse(line) else {
            Issue.record("\(line) was understood")
            return
        }
        #expect(text.hasSuffix("."))
    }

    @Test func settingsAreChecked() {
        var settings = ChatSettings()
        #expect(settings.set(.temperature, to: "0.25") == nil)
        #expect(settings[.temperature] == 0.25)
        #expect(settings.set(.temperature, to: "9") != nil)
        #expect(settings.set(.temperature, to: "nan") != nil)
        #expect(settings.set(.topK, to: "2.5") != nil)
        #expect(settings.set(.seed, to: "18446744073709551615") == nil)
        #expect(settings.seed == .max)
        #expect(settings.set(.seed, to: "-1") != nil)
        #expect(settings.set(.temperature, to: "default") == nil)
        #expect(settings[.temperature] == nil)
    }

    @Test func templateAsksAndThePersonOverrules() {
        var template = Template(name: "t")
        template.sampling.temperature = 0.2
        var settings = ChatSettings()
        #expect(abs((settings.value(.temperature, under: template).value ?? 0) - 0.2) < 1e-6)
        settings[.temperature] = 1
        #expect(settings.value(.temperature, under: template).value == 1)
    }

    @Test func completions() {
        let state = Fixture.empty()
        #expect(SlashCommand.completions(of: "/te", state: state) == ["/template"])
        #expect(
            SlashCommand.completions(of: "/template s", state: state) == ["/template sentiment"])
        #expect(SlashCommand.completions(of: "/set min", state: state) == ["/set min_p"])
        #expect(SlashCommand.completions(of: "hello", state: state).isEmpty)
    }

    @Test func missingVariableOpensItsForm() {
        var state = Fixture.empty()
        _ = state.type(line: "/template translate")
        guard case .variables = state.overlay else {
            Issue.record("the form did not open")
            return
        }
        state.press([.enter])
        for letter in "Dutch" { state.press([.character(letter)]) }
        state.press([.enter])
        #expect(state.session.variables["translate"] == ["language": "Dutch"])
        #expect(state.session.missingVariables.isEmpty)
    }
}
