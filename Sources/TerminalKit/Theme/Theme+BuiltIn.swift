extension Theme {
    /// The built-in themes, the default first.
    public static let builtIn: [Theme] = [.dark, .light, .highContrast, .sixteen, .monochrome]

    public static func builtIn(named name: String) -> Theme? {
        builtIn.first { $0.name == name }
    }

    /// What all of them have in common: a theme file in which a word in braces stands for the
    /// theme's own colour, or for what it has in a colour's place.
    private static let common = """
        muted = {muted}
        accent = bold {blue}
        error = bold {red}
        warning = {orange}
        success = {green}
        user = bold {cyan}
        assistant = bold {green}
        system = bold {brown}
        timestamp = {faint}
        title = bold {ink}
        border = {line}
        border-focused = {blue}
        selection = {selection}
        search-match = {match}
        key = bold {gold}
        status-bar = {bar}
        prompt = bold {blue}
        placeholder = {faint}
        progress = {blue}
        progress-track = {faint}
        rank = bold {gold}
        reward = {brown}
        difference = underline
        special-token = {magenta}
        cached-token = underline
        heading1 = bold underline {heading}
        heading2 = bold {heading}
        heading3 = bold {heading}
        emphasis = italic
        strong = bold
        strikethrough = strikethrough {muted}
        code-block = {ink}
        code-label = {faint}
        link = underline {blue}
        quote-mark = {line}
        list-marker = {blue}
        rule = {line}
        table-border = {line}
        table-header = bold
        keyword = {magenta}
        string = {green}
        number = {orange}
        type = {teal}
        function = {blue}
        """

    /// For 256 colours on a dark background.
    public static let dark = make(
        "dark",
        palette: [
            "ink": "252", "muted": "245", "faint": "242", "line": "240", "red": "203",
            "orange": "215", "gold": "222", "brown": "180", "green": "150", "teal": "80",
            "cyan": "117", "heading": "117", "blue": "75", "magenta": "176",
            "selection": "255 on 24", "match": "16 on 222", "bar": "250 on 236",
        ],
        """
        success = 114
        timestamp = 240
        status-bar-accent = bold 117 on 236
        status-bar-warning = bold 215 on 236
        popup = 252 on 235
        popup-selection = bold 255 on 24
        progress-track = 238
        rank-first = bold 16 on 150
        cached-token = on 236
        heading3 = bold 110
        code = 216 on 236
        quote = italic 250
        comment = italic 244
        function = 111
        property = 152
        punctuation = 248
        probability-ramp = 203, 209, 215, 222, 186, 150, 114, 78
        attention-ramp = default, 252 on 234, 252 on 52, 255 on 88, 255 on 124, 16 on 166, 16 on 208, 16 on 220
        """)

    /// For 256 colours on a light background.
    public static let light = make(
        "light",
        palette: [
            "ink": "236", "muted": "243", "faint": "247", "line": "250", "red": "160",
            "orange": "130", "gold": "94", "brown": "94", "green": "28", "teal": "30",
            "cyan": "25", "heading": "25", "blue": "25", "magenta": "90",
            "selection": "16 on 153", "match": "16 on 222", "bar": "238 on 254",
        ],
        """
        status-bar-accent = bold 25 on 254
        status-bar-warning = bold 130 on 254
        popup = 236 on 255
        popup-selection = bold 16 on 153
        progress-track = 252
        rank-first = bold 255 on 28
        cached-token = on 254
        heading3 = bold 31
        code = 88 on 255
        code-label = 246
        quote = italic 240
        comment = italic 244
        property = 24
        punctuation = 241
        probability-ramp = 160, 166, 172, 136, 100, 64, 28, 22
        attention-ramp = default, 16 on 255, 16 on 230, 16 on 229, 16 on 222, 16 on 215, 16 on 208, 255 on 160
        """)

    /// Black, white and the eight bright colours: nothing dim, nothing by hue alone.
    public static let highContrast = make(
        "high-contrast",
        palette: [
            "muted": "231 on 16", "red": "231 on 160", "orange": "226 on 16",
            "gold": "226 on 16", "brown": "226 on 16", "green": "46 on 16",
            "teal": "bold 51 on 16", "cyan": "51 on 16", "heading": "231 on 16",
            "blue": "51 on 16", "magenta": "bold 201 on 16", "selection": "bold 16 on 226",
            "match": "bold 16 on 51", "bar": "16 on 231",
        ],
        """
        text = 231 on 16
        warning = bold 226 on 16
        success = bold 46 on 16
        title = bold 231 on 16
        border = 231 on 16
        border-focused = bold 226 on 16
        status-bar-accent = bold 16 on 231
        status-bar-warning = bold 231 on 160
        popup-selection = bold 16 on 226
        progress = 46 on 16
        rank-first = bold 16 on 46
        reward = bold 231 on 16
        difference = bold underline 226 on 16
        cached-token = underline 231 on 16
        heading2 = bold underline 231 on 16
        emphasis = underline 231 on 16
        strong = bold 231 on 16
        code = bold 226 on 16
        list-marker = bold 51 on 16
        table-header = bold underline 231 on 16
        probability-ramp = bold 231 on 160, 231 on 88, 226 on 16, 231 on 16
        attention-ramp = 231 on 16, 231 on 236, 231 on 240, 16 on 250, 16 on 231, bold 16 on 226
        """)

    /// For terminals of 8 or 16 colours, and for those who set their own palette.
    public static let sixteen = make(
        "16",
        palette: [
            "muted": "bright-black", "faint": "bright-black", "line": "bright-black",
            "red": "red", "orange": "yellow", "gold": "yellow", "brown": "yellow",
            "green": "green", "teal": "cyan", "cyan": "cyan", "heading": "cyan", "blue": "blue",
            "magenta": "magenta", "selection": "reverse", "match": "black on yellow",
            "bar": "reverse",
        ],
        """
        status-bar-accent = bold reverse
        status-bar-warning = bold reverse
        popup-selection = reverse
        rank-first = bold reverse green
        heading3 = cyan
        emphasis = underline
        code = yellow
        quote = bright-black
        comment = bright-black
        probability-ramp = bold red, red, yellow, default, green
        attention-ramp = default, underline, black on yellow, white on red, bold white on red
        """)

    /// Without colours, as NO_COLOR asks for.
    public static let monochrome = make(
        "monochrome",
        palette: [
            "muted": "dim", "faint": "dim", "line": "dim", "red": "reverse",
            "selection": "reverse", "match": "reverse", "bar": "reverse",
        ],
        """
        warning = bold
        border-focused = bold
        status-bar-accent = bold reverse
        status-bar-warning = bold underline reverse
        popup-selection = reverse
        rank-first = bold reverse
        special-token = dim
        emphasis = underline
        code = bold
        quote = dim
        list-marker = bold
        keyword = bold
        comment = dim
        probability-ramp = reverse, bold, default, dim
        attention-ramp = dim, default, bold, underline, reverse, bold reverse
        """)

    /// The common looks in a palette, and what is the theme's own. A colour that the palette
    /// lacks is left out, and a look of which nothing is left is that of the text.
    ///
    /// The themes are constants, checked by a test: a mistake in one is a programmer's.
    private static func make(_ name: String, palette: [String: String], _ own: String) -> Theme {
        var lines: [String] = []
        for line in common.split(separator: "\n") {
            let look = String(line).replacing(/\{(\w+)\}/) { palette[String($0.output.1)] ?? "" }
            if !look.hasSuffix("= ") { lines.append(look) }
        }
        do {
            return try ThemeFile.parse(
                lines.joined(separator: "\n") + "\n" + own, name: name,
                file: "built-in theme \(name)")
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
