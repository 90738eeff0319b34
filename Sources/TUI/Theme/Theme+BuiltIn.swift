extension Theme {
    /// The built-in themes, the default first.
    public static let builtIn: [Theme] = [.dark, .light, .highContrast, .sixteen, .monochrome]

    public static func builtIn(named name: String) -> Theme? {
        builtIn.first { $0.name == name }
    }

    /// For 256 colours on a dark background.
    public static let dark = parsed(
        "dark",
        """
        muted = 245
        accent = bold 75
        error = bold 203
        warning = 215
        success = 114
        user = bold 117
        assistant = bold 150
        system = bold 180
        timestamp = 240
        title = bold 252
        border = 240
        border-focused = 75
        selection = 255 on 24
        search-match = 16 on 222
        key = bold 222
        status-bar = 250 on 236
        status-bar-accent = bold 117 on 236
        status-bar-warning = bold 215 on 236
        prompt = bold 75
        placeholder = 242
        popup = 252 on 235
        popup-selection = bold 255 on 24
        progress = 75
        progress-track = 238
        rank = bold 222
        rank-first = bold 16 on 150
        reward = 180
        difference = underline
        special-token = 176
        cached-token = on 236
        heading1 = bold underline 117
        heading2 = bold 117
        heading3 = bold 110
        emphasis = italic
        strong = bold
        strikethrough = strikethrough 245
        code = 216 on 236
        code-block = 252
        code-label = 242
        link = underline 75
        quote = italic 250
        quote-mark = 240
        list-marker = 75
        rule = 240
        table-border = 240
        table-header = bold
        keyword = 176
        string = 150
        number = 215
        comment = italic 244
        type = 80
        function = 111
        property = 152
        punctuation = 248
        probability-ramp = 203, 209, 215, 222, 186, 150, 114, 78
        attention-ramp = default, 252 on 234, 252 on 52, 255 on 88, 255 on 124, 16 on 166, 16 on 208, 16 on 220
        """)

    /// For 256 colours on a light background.
    public static let light = parsed(
        "light",
        """
        muted = 243
        accent = bold 25
        error = bold 160
        warning = 130
        success = 28
        user = bold 25
        assistant = bold 28
        system = bold 94
        timestamp = 247
        title = bold 236
        border = 250
        border-focused = 25
        selection = 16 on 153
        search-match = 16 on 222
        key = bold 94
        status-bar = 238 on 254
        status-bar-accent = bold 25 on 254
        status-bar-warning = bold 130 on 254
        prompt = bold 25
        placeholder = 247
        popup = 236 on 255
        popup-selection = bold 16 on 153
        progress = 25
        progress-track = 252
        rank = bold 94
        rank-first = bold 255 on 28
        reward = 94
        difference = underline
        special-token = 90
        cached-token = on 254
        heading1 = bold underline 25
        heading2 = bold 25
        heading3 = bold 31
        emphasis = italic
        strong = bold
        strikethrough = strikethrough 243
        code = 88 on 255
        code-block = 236
        code-label = 246
        link = underline 25
        quote = italic 240
        quote-mark = 250
        list-marker = 25
        rule = 250
        table-border = 250
        table-header = bold
        keyword = 90
        string = 28
        number = 130
        comment = italic 244
        type = 30
        function = 25
        property = 24
        punctuation = 241
        probability-ramp = 160, 166, 172, 136, 100, 64, 28, 22
        attention-ramp = default, 16 on 255, 16 on 230, 16 on 229, 16 on 222, 16 on 215, 16 on 208, 255 on 160
        """)

    /// Black, white and the eight bright colours: nothing dim, nothing by hue alone.
    public static let highContrast = parsed(
        "high-contrast",
        """
        text = 231 on 16
        muted = 231 on 16
        accent = bold 51 on 16
        error = bold 231 on 160
        warning = bold 226 on 16
        success = bold 46 on 16
        user = bold 51 on 16
        assistant = bold 46 on 16
        system = bold 226 on 16
        title = bold 231 on 16
        border = 231 on 16
        border-focused = bold 226 on 16
        selection = bold 16 on 226
        search-match = bold 16 on 51
        key = bold 226 on 16
        status-bar = 16 on 231
        status-bar-accent = bold 16 on 231
        status-bar-warning = bold 231 on 160
        prompt = bold 51 on 16
        popup-selection = bold 16 on 226
        progress = 46 on 16
        rank = bold 226 on 16
        rank-first = bold 16 on 46
        reward = bold 231 on 16
        difference = bold underline 226 on 16
        special-token = bold 201 on 16
        cached-token = underline 231 on 16
        heading1 = bold underline 231 on 16
        heading2 = bold underline 231 on 16
        heading3 = bold 231 on 16
        emphasis = underline 231 on 16
        strong = bold 231 on 16
        strikethrough = strikethrough 231 on 16
        code = bold 226 on 16
        link = underline 51 on 16
        list-marker = bold 51 on 16
        table-header = bold underline 231 on 16
        keyword = bold 201 on 16
        string = 46 on 16
        number = 226 on 16
        type = bold 51 on 16
        function = 51 on 16
        probability-ramp = bold 231 on 160, 231 on 88, 226 on 16, 231 on 16
        attention-ramp = 231 on 16, 231 on 236, 231 on 240, 16 on 250, 16 on 231, bold 16 on 226
        """)

    /// For terminals of 8 or 16 colours, and for those who set their own palette.
    public static let sixteen = parsed(
        "16",
        """
        muted = bright-black
        accent = bold blue
        error = bold red
        warning = yellow
        success = green
        user = bold cyan
        assistant = bold green
        system = bold yellow
        timestamp = bright-black
        title = bold
        border = bright-black
        border-focused = blue
        selection = reverse
        search-match = black on yellow
        key = bold yellow
        status-bar = reverse
        status-bar-accent = bold reverse
        status-bar-warning = bold reverse
        prompt = bold blue
        placeholder = bright-black
        popup-selection = reverse
        progress = blue
        progress-track = bright-black
        rank = bold yellow
        rank-first = bold reverse green
        reward = yellow
        difference = underline
        special-token = magenta
        cached-token = underline
        heading1 = bold underline cyan
        heading2 = bold cyan
        heading3 = cyan
        emphasis = underline
        strong = bold
        strikethrough = strikethrough bright-black
        code = yellow
        code-label = bright-black
        link = underline blue
        quote = bright-black
        quote-mark = bright-black
        list-marker = blue
        rule = bright-black
        table-border = bright-black
        table-header = bold
        keyword = magenta
        string = green
        number = yellow
        comment = bright-black
        type = cyan
        function = blue
        probability-ramp = bold red, red, yellow, default, green
        attention-ramp = default, underline, black on yellow, white on red, bold white on red
        """)

    /// Without colours, as NO_COLOR asks for.
    public static let monochrome = parsed(
        "monochrome",
        """
        muted = dim
        accent = bold
        error = bold reverse
        warning = bold
        user = bold
        assistant = bold
        system = bold
        timestamp = dim
        title = bold
        border = dim
        border-focused = bold
        selection = reverse
        search-match = reverse
        key = bold
        status-bar = reverse
        status-bar-accent = bold reverse
        status-bar-warning = bold underline reverse
        prompt = bold
        placeholder = dim
        popup-selection = reverse
        progress-track = dim
        rank = bold
        rank-first = bold reverse
        difference = underline
        special-token = dim
        cached-token = underline
        heading1 = bold underline
        heading2 = bold
        heading3 = bold
        emphasis = underline
        strong = bold
        strikethrough = dim strikethrough
        code = bold
        code-label = dim
        link = underline
        quote = dim
        quote-mark = dim
        list-marker = bold
        rule = dim
        table-border = dim
        table-header = bold
        keyword = bold
        comment = dim
        probability-ramp = reverse, bold, default, dim
        attention-ramp = dim, default, bold, underline, reverse, bold reverse
        """)

    /// The themes above are constants, checked by a test: a mistake in one is a programmer's.
    private static func parsed(_ name: String, _ text: String) -> Theme {
        do {
            return try ThemeFile.parse(text, name: name, file: "built-in theme \(name)")
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
