import Engine
import Testing

@testable import TUI
@testable import TerminalKit

@Suite struct BoardTests {
    private func focused(_ count: Int = 4, finished: Bool = true) -> State {
        var state = Fixture.board(count, 200, 60, finished: finished)
        state.focus = .board
        return state
    }

    private func submission(_ effects: [Effect]) -> RankingSubmission? {
        for case .submitRanking(let submission) in effects { return submission }
        return nil
    }

    @Test func rankedByKeys() throws {
        var state = focused()
        let right = Key(.right)
        state.now = 12.5
        let effects = state.press([
            .character("1"), right, .character("2"), right, .character("="), right,
            .character("3"), .enter,
        ])
        let ranking = try #require(submission(effects))
        #expect(ranking.board == 7)
        #expect(ranking.ranks == [100: 1, 101: 2, 102: 2, 103: 3])
        #expect(!ranking.isAllBad)
        #expect(ranking.displayOrder == [100, 101, 102, 103])
        #expect(!ranking.scoresVisible)
        #expect(ranking.secondsTaken == 10.5)
        #expect(ranking.continueWith == 100)
    }

    @Test func allBadGoesOnWithNothing() throws {
        var state = focused()
        let ranking = try #require(submission(state.press([.character("0"), .enter])))
        #expect(ranking.isAllBad)
        #expect(ranking.ranks.isEmpty)
        #expect(ranking.continueWith == nil)
        _ = update(&state, .boardDecided(ranking: 3, continued: false))
        #expect(state.board != nil)
    }

    @Test func rankingIsUndoneStepByStep() {
        var state = focused()
        state.press([.character("1"), Key(.right), .character("2"), .character("0")])
        #expect(state.board?.ranking.isAllBad == true)
        state.press([.character("u")])
        #expect(state.board?.ranking.ranks == [0: 1, 1: 2])
        state.press([Key(.backspace)])
        #expect(state.board?.ranking.ranks == [0: 1])
        state.press([.character("u"), .character("u"), .character("u")])
        #expect(state.board?.isUnranked == true)
        state.press([.character("u")])
        #expect(state.notices.current != nil)
    }

    @Test func tieNeedsSomethingRanked() {
        var state = focused()
        state.press([.character("=")])
        #expect(state.board?.isUnranked == true)
        #expect(state.notices.current != nil)
    }

    @Test func submittingNothingSaysSo() {
        var state = focused()
        #expect(state.press([.enter]).isEmpty)
        #expect(state.notices.current != nil)
    }

    @Test func acceptedWithoutRanking() {
        var state = focused()
        #expect(state.press([Key(.right), .character("a")]) == [.acceptCandidate(101)])
    }

    @Test func rankedBeforeTheStreamsEnd() throws {
        var state = focused(finished: false)
        let effects = state.press([.character("1"), .enter])
        #expect(effects == [.cancelGeneration])
        #expect(state.board?.decision == .submit)
        for index in 0..<4 {
            _ = update(
                &state,
                .candidateFinished(
                    Candidate(
                        id: Int64(100 + index), index: index, text: Fixture.replies[index],
                        finishReason: .cancelled, seed: 1, sampling: SamplingOptions())))
        }
        let after = update(&state, .generationFinished(tokensPerSecond: nil))
        let ranking = try #require(submission(after))
        #expect(ranking.ranks == [100: 1])
    }

    @Test func killEndsOneStream() {
        var state = focused(finished: false)
        #expect(state.press([Key(.right), .character("K")]) == [.cancelCandidate(101)])
        #expect(state.board?.ending == [1])
    }

    @Test func aReplyRuledOutStandsAndRanksLast() throws {
        var state = focused(finished: false)
        state.press([Key(.right), .character("K")])
        // The next one takes its place, and the letters stay.
        #expect(state.board?.visible == [0, 2, 3, 1])
        #expect(state.board?.selected == 2)
        #expect(state.board?.letter(of: 2) == "C")
        _ = update(
            &state,
            .candidateFinished(
                Candidate(
                    id: 101, index: 1, text: "The capital", finishReason: .cancelled, seed: 1,
                    sampling: SamplingOptions())))
        for index in [0, 2, 3] { state.board?.candidates[index].finishReason = .stop }
        _ = update(&state, .generationFinished(tokensPerSecond: nil))
        // One that is complete can be ruled out as well.
        #expect(state.press([Key(.right), .character("K")]).isEmpty)
        #expect(state.board?.visible == [0, 2, 1, 3])
        // The last in the running was selected last.
        #expect(state.board?.selected == 2)
        let ranking = try #require(submission(state.press([.character("1"), .enter])))
        #expect(ranking.ranks == [102: 1, 101: 2, 103: 2])
        #expect(ranking.displayOrder == [100, 102, 101, 103])
        #expect(ranking.continueWith == 102)
    }

    @Test func theOnlyReplyLeftIsTheBest() throws {
        var state = focused(3)
        state.press([.character("K"), .character("K")])
        #expect(state.board?.selected == 2)
        let ranking = try #require(submission(state.press([.enter])))
        #expect(ranking.ranks == [100: 2, 101: 2, 102: 1])
        #expect(ranking.continueWith == 102)
    }

    @Test func rulingOutIsTakenBack() {
        var state = focused()
        state.press([.character("K"), .character("u")])
        #expect(state.board?.ranking.eliminated == [])
        // A rank, Backspace and K itself bring a reply back.
        for key in [Key.character("3"), Key(.backspace), .character("K")] {
            state = focused()
            state.press([.character("K")])
            state.board?.selected = 0
            state.press([key])
            #expect(state.board?.ranking.eliminated == [])
            #expect(state.board?.visible == [0, 1, 2, 3])
        }
        // With several left and none of them ranked there is nothing to record.
        state = focused()
        #expect(state.press([.character("K"), .enter]).isEmpty)
    }

    /// What the terminal says of the focus, the mode, and whether a long board rings.
    @Test(arguments: [
        (Bool?.none, BellMode.away, true), (true, .away, false), (false, .away, true),
        (true, .always, true), (false, .never, false), (nil, .never, false),
    ])
    func aLongBoardRings(_ isFocused: Bool?, _ mode: BellMode, _ rings: Bool) {
        var state = Fixture.board(4, 200, 60, finished: false)
        state.type(line: "/bell \(mode.rawValue)")
        if let isFocused { _ = update(&state, .focusChanged(isFocused)) }
        state.generation.startedAt = state.now - 6
        #expect(update(&state, .generationFinished(tokensPerSecond: nil)).contains(.bell) == rings)
        // A short one never does.
        state.generation.startedAt = state.now - 1
        #expect(!update(&state, .generationFinished(tokensPerSecond: nil)).contains(.bell))
    }

    @Test func oneMore() {
        var state = focused()
        #expect(state.press([.character("+")]) == [.addCandidate(board: 7)])
        _ = update(
            &state,
            .candidateAdded(
                Candidate(id: 200, index: 4, seed: 5, sampling: SamplingOptions())))
        #expect(state.board?.candidates.count == 5)
        #expect(state.board?.visible.last == 4)
    }

    @Test func arrowsMoveInTheGrid() {
        var state = Fixture.board(4, 80, 24)
        state.focus = .board
        var places: [Int] = []
        for key in ["l", "j", "h", "k", "k", "h"] as [Character] {
            state.press([.character(key)])
            places.append(state.board?.selected ?? -1)
        }
        #expect(places == [1, 3, 2, 0, 0, 0])
    }

    @Test func noScoreBeforeThereIsARewardModel() {
        var state = focused()
        #expect(!render(state, state.size).grid.description.contains("reward"))
        #expect(state.press([.character("r")]) == [.scoreBoard(7)])
        #expect(state.board?.ordering == .sampling)
        #expect(state.notices.current?.text.contains("no reward model") == true)
    }

    @Test func rewardsOrderTheBoard() throws {
        var state = focused()
        _ = update(
            &state,
            .rewardsReceived([100: -1, 101: 0.5, 102: 2, 103: 0.5], rewardModel: "features-v1"))
        state.press([.character("r")])
        #expect(state.board?.order == [2, 1, 3, 0])
        state.press([.character("1")])
        let ranking = try #require(submission(state.press([.enter])))
        #expect(ranking.displayOrder == [102, 101, 103, 100])
        #expect(ranking.scoresVisible)
        state = focused()
        state.showsScores = false
        _ = update(&state, .rewardsReceived([100: -1], rewardModel: "features-v1"))
        let hidden = try #require(submission(state.press([.character("1"), .enter])))
        #expect(!hidden.scoresVisible)
    }

    @Test func duplicatesShareTheRankOfTheOneShown() throws {
        var state = focused(8)
        #expect(state.board?.duplicates == [0: [7]])
        #expect(state.board?.visible == Array(0..<7))
        let ranking = try #require(submission(state.press([.character("1"), .enter])))
        #expect(ranking.ranks == [100: 1, 107: 1])
        #expect(ranking.displayOrder.count == 7)
    }

    @Test func blindHidesNamesAndShuffles() throws {
        var state = focused()
        _ = update(&state, .rewardsReceived([100: 1.25], rewardModel: "features-v1"))
        state.showsScores = true
        var blind = focused()
        blind.press([.character("B")])
        _ = update(&blind, .rewardsReceived([100: 1.25], rewardModel: "features-v1"))
        let text = render(blind, blind.size).grid.description
        #expect(render(state, state.size).grid.description.contains("+1.25"))
        #expect(!text.contains("+1.25"))
        #expect(!text.contains("features-v1"))
        #expect(blind.board?.order.sorted() == [0, 1, 2, 3])
        let ranking = try #require(submission(blind.press([.character("1"), .enter])))
        #expect(ranking.isBlind)
        #expect(!ranking.scoresVisible)
        #expect(ranking.displayOrder == blind.board?.order.map { Int64(100 + $0) })
    }

    @Test func sendingGoesOnWithTheSelectedReply() {
        var state = Fixture.board()
        state.board?.selected = 2
        let effects = state.type(line: "next question")
        #expect(effects.contains(.acceptCandidate(102)))
        #expect(state.queue == ["next question"])
        let after = update(&state, .boardDecided(ranking: nil, continued: true))
        #expect(state.board == nil)
        #expect(after.contains { if case .startGeneration = $0 { true } else { false } })
    }

    @Test func lineModeRanksAllAtOnce() throws {
        var state = Fixture.board()
        let ranking = try #require(submission(state.type(line: "/rank 1 2 2 3")))
        #expect(ranking.ranks == [100: 1, 101: 2, 102: 2, 103: 3])
        var other = Fixture.board()
        #expect(submission(other.type(line: "/rank 1 2")) == nil)
        #expect(other.notices.current?.kind == .failure)
        #expect(other.type(line: "/accept 2").contains(.acceptCandidate(101)))
    }

    @Test func firstDifferingWord() {
        var board = BoardState(candidates: [1, 2])
        board.candidates[0].text = "The capital of France is Paris."
        board.candidates[1].text = "The capital of France is Parma."
        #expect(board.commonPrefixLength == "The capital of France is ".count)
        let lines = Wrap(width: 14).lines(board.candidates[1].text)
        let marked = ReplyText.marking(
            lines, source: board.candidates[1].text, prefix: board.commonPrefixLength,
            style: Style(attributes: .underline))
        let words = marked.flatMap(\.runs).filter { $0.style.attributes.contains(.underline) }
        #expect(words.map(\.text).joined() == "Parma.")
        #expect(marked.map(\.string) == lines.map(\.string))
    }
}
