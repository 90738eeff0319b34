/// Something the person is told in the line above the composer.
struct Notice: Sendable, Equatable {
    enum Kind: Sendable, Equatable { case information, success, warning, failure }

    var kind: Kind
    var text: String
    /// When it goes by itself; seconds of the screen's clock. Failures stay until a key.
    var expiresAt: Double?
}

/// The latest notice, and those before it for the help page.
struct NoticesState: Sendable, Equatable {
    private(set) var current: Notice?
    private(set) var log: [Notice] = []
    /// How many there have been; ``log`` keeps the latest.
    private(set) var count = 0

    mutating func add(_ kind: Notice.Kind, _ text: String, now: Double) {
        let lifetime: Double? =
            switch kind {
            case .information, .success: 6
            case .warning: 15
            case .failure: nil
            }
        let notice = Notice(kind: kind, text: text, expiresAt: lifetime.map { now + $0 })
        current = notice
        log.append(notice)
        count += 1
        if log.count > 100 { log.removeFirst(log.count - 100) }
    }

    mutating func expire(now: Double) {
        if let end = current?.expiresAt, now >= end { current = nil }
    }

    mutating func dismiss() { current = nil }
}
