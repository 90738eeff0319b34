import Foundation
import Testing

@testable import TUI
@testable import TerminalKit

@Suite struct ThemeTests {
    @Test(arguments: Theme.builtIn.map(\.name)) func builtInThemesAreComplete(_ name: String) throws
    {
        let theme = try #require(Theme.builtIn(named: name))
        #expect(!theme.probabilityRamp.isEmpty)
        #expect(!theme.attentionRamp.isEmpty)
        for role in [Theme.Role.selection, .error, .user, .popupSelection] {
            #expect(theme[role] != theme[.text])
        }
        let usesColor = Theme.Role.allCases.contains {
            theme[$0].foreground != .terminal || theme[$0].background != .terminal
        }
        #expect(usesColor == (theme.name != "monochrome"))
    }

    @Test func readsLooks() throws {
        let theme = try ThemeFile.parse(
            """
            # mine
            base = light
            heading1 = bold underline #ff0000 on 236
            link=bright-blue
            text =
            probability-ramp = red, default, bold green
            """, name: "mine", file: "mine.theme")
        #expect(theme.name == "mine")
        #expect(
            theme[.heading1]
                == Style(
                    foreground: .indexed(196), background: .indexed(236),
                    attributes: [.bold, .underline]))
        #expect(theme[.link] == Style(foreground: .indexed(12)))
        #expect(theme[.text] == .plain)
        #expect(theme[.error] == Theme.light[.error])
        #expect(theme.probability(0) == Style(foreground: .indexed(1)))
        #expect(theme.probability(1) == Style(foreground: .indexed(2), attributes: .bold))
        #expect(theme.probability(.nan) == theme.probability(0))
    }

    @Test(arguments: [
        ("heading1 bold", ThemeError.Reason.noEquals), ("headline = bold", .unknownKey("headline")),
        ("text = 256", .unknownWord("256")), ("text = bold on", .unknownWord("on")),
        ("base = dusk", .unknownBase("dusk")), ("text = red\nbase = dark", .lateBase),
        ("attention-ramp =", .emptyRamp("attention-ramp")),
    ])
    func mistakesNameTheLine(_ text: String, _ reason: ThemeError.Reason) {
        let line = text.split(separator: "\n").count
        #expect(throws: ThemeError(file: "t", line: line, reason: reason)) {
            try ThemeFile.parse(text, name: "t", file: "t")
        }
    }

    @Test func colorsAreQuantized() {
        #expect(Color.nearest(red: 255, green: 255, blue: 255) == .indexed(231))
        #expect(Color.nearest(red: 120, green: 120, blue: 120) == .indexed(243))
        #expect(Color.indexed(203).quantized(to: 256) == .indexed(203))
        #expect(Color.indexed(196).quantized(to: 16) == .indexed(9))
        #expect(Color.indexed(196).quantized(to: 8) == .indexed(1))
        #expect(Color.indexed(3).quantized(to: 0) == .terminal)
        #expect(Color.terminal.quantized(to: 8) == .terminal)
    }
}
