/// Guesses how a text goes on: as it did where its last tokens stood before. Texts that quote,
/// correct, list or repeat are written several tokens a pass so, and without a second model
/// (prompt lookup; Yang et al. 2023, arXiv 2304.04487).
///
/// A guess only says which rows a pass computes besides. Every token is drawn from the logits of
/// its own row as ever, and rows do not depend on each other's company, so the text is the same
/// bit for bit; what followed a wrong guess is thrown away.
struct Draft {
    /// Fewer common tokens say little, more than so many nothing new.
    private static let fewestCommon = 2
    private static let mostCommon = 16
    /// Tokens of a pass's drafts at most.
    static let mostTokens = 24

    /// How many tokens the text's end had in common with the place that is followed; 0 where
    /// nothing was found.
    private(set) var common = 0
    private var place = 0
    private var end = 0
    /// Tokens that the next pass computes. Those behind were only looked up.
    var count = 0

    /// Looks for the longest end of the text that stood before, and of several such places for
    /// the latest. Takes time with the text's length, microseconds for a few thousand tokens.
    init(following text: UnsafeBufferPointer<TokenID>) {
        end = text.count
        guard let last = text.last else { return }
        var place = end - 2
        while place >= 0, common < Self.mostCommon {
            if text[place] == last {
                let most = min(place + 1, Self.mostCommon)
                var length = 1
                while length < most, text[place - length] == text[end - 1 - length] { length += 1 }
                if length > common {
                    common = length
                    self.place = place
                }
            }
            place -= 1
        }
        if common < Self.fewestCommon { common = 0 }
    }

    init() {}

    var isEmpty: Bool { common == 0 }

    /// A drafted token. Behind the text's end the draft follows itself: what repeats goes on to.
    func token(_ index: Int, in text: UnsafeBufferPointer<TokenID>) -> TokenID {
        text[place + 1 + index % (end - 1 - place)]
    }
}

/// How often drafts were right, and how long one should be.
struct DraftStatistics {
    /// Shares of drafted tokens that were drawn, by the number of common tokens: 2 and 3, 4 to
    /// 7, 8 and more. What they begin with matters for some dozen tokens.
    private var shares: [Double] = [0.3, 0.5, 0.7]
    private static let learningRate = 0.05

    private static func kind(_ draft: Draft) -> Int {
        draft.common < 4 ? 0 : draft.common < 8 ? 1 : 2
    }

    /// The length that gives the most tokens a second.
    ///
    /// - Parameters:
    ///   - streams: candidates of the pass, each a token and a row without drafts.
    ///   - rowCost: time of a row more, in passes of one row.
    func length(of draft: Draft, streams: Int, rowCost: Double, most: Int) -> Int {
        guard !draft.isEmpty else { return 0 }
        let share = shares[Self.kind(draft)]
        var tokens = Double(streams)
        var cost = 1 + rowCost * Double(streams - 1)
        // The next token comes to be used only if all before it are right.
        var gain = share
        var length = 0
        while length < most, gain * cost > rowCost * tokens {
            tokens += gain
            cost += rowCost
            gain *= share
            length += 1
        }
        return length
    }

    mutating func record(_ draft: Draft, isRight: Bool) {
        shares[Self.kind(draft)] +=
            Self.learningRate * ((isRight ? 1 : 0) - shares[Self.kind(draft)])
    }
}
