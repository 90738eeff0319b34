/// When the bell rings as a long reply or board ends.
public enum BellMode: String, Sendable, CaseIterable {
    /// Where the person looks elsewhere, or the terminal does not tell.
    case away
    case always, never

    /// Seconds from which a reply is long.
    static let longReply = 5.0

    func rings(after seconds: Double, isFocused: Bool?) -> Bool {
        guard seconds > Self.longReply else { return false }
        switch self {
        case .away: return isFocused != true
        case .always: return true
        case .never: return false
        }
    }
}
