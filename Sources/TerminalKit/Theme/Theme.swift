/// The looks of the screen by meaning, so that views never name a colour.
public struct Theme: Sendable, Equatable {
    /// What a look means. The raw value is its name in theme files.
    public enum Role: String, Sendable, CaseIterable {
        case text, muted, accent, error, warning, success
        case user, assistant, system, timestamp
        case title, border
        case borderFocused = "border-focused"
        case selection
        case match = "search-match"
        case key
        case statusBar = "status-bar"
        case statusBarAccent = "status-bar-accent"
        case statusBarWarning = "status-bar-warning"
        case prompt, composer, placeholder
        case popup
        case popupSelection = "popup-selection"
        case progress
        case progressTrack = "progress-track"
        case rank
        case rankFirst = "rank-first"
        case reward
        case difference
        case specialToken = "special-token"
        case cachedToken = "cached-token"
        case heading1, heading2, heading3
        case emphasis, strong
        case strikethrough
        case code
        case codeBlock = "code-block"
        case codeLabel = "code-label"
        case link, quote
        case quoteMark = "quote-mark"
        case listMarker = "list-marker"
        case rule
        case tableBorder = "table-border"
        case tableHeader = "table-header"
        case keyword, string, number, comment
        case type, function, property
        case punctuation
    }

    public var name: String
    private var styles: [Role: Style]
    /// Looks from the least to the most probable, for tokens coloured by probability.
    public var probabilityRamp: [Style]
    /// Looks from no attention to the most, as backgrounds of a heat map.
    public var attentionRamp: [Style]

    public init(
        name: String, styles: [Role: Style], probabilityRamp: [Style], attentionRamp: [Style]
    ) {
        self.name = name
        self.styles = styles
        self.probabilityRamp = probabilityRamp
        self.attentionRamp = attentionRamp
    }

    /// The look of a role; plain where the theme says nothing.
    public subscript(role: Role) -> Style {
        get { styles[role] ?? styles[.text] ?? .plain }
        set { styles[role] = newValue }
    }

    /// The look of a token of probability 0…1. Steps are finer towards 1, where most tokens
    /// of a fluent text lie.
    public func probability(_ value: Double) -> Style {
        Self.pick(probabilityRamp, value.isFinite ? max(0, min(1, value)) : 0)
    }

    /// The look of an attention weight 0…1. The square root spreads the small weights, among
    /// which most of a long text's attention is divided.
    public func attention(_ weight: Double) -> Style {
        Self.pick(attentionRamp, weight.isFinite ? max(0, min(1, weight)).squareRoot() : 0)
    }

    private static func pick(_ ramp: [Style], _ position: Double) -> Style {
        guard let last = ramp.indices.last else { return .plain }
        return ramp[min(last, Int(position * Double(ramp.count)))]
    }
}

extension Style {
    /// This look with another's attributes added, and its colours where it sets them.
    public func merging(_ other: Style) -> Style {
        Style(
            foreground: other.foreground == .terminal ? foreground : other.foreground,
            background: other.background == .terminal ? background : other.background,
            attributes: attributes.union(other.attributes))
    }
}
