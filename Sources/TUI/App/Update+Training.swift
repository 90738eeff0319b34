import Engine

/// A reward model that is being learnt from the person's rankings, beside the chat.
enum TrainingState: Sendable, Equatable {
    case idle
    /// The share that is done.
    case running(Double)
    /// A better one is there, and waits for the person's word.
    case offered(RewardContest)

    var isRunning: Bool { if case .running = self { true } else { false } }
}

extension State {
    mutating func learn(_ command: Command) -> [Effect] {
        switch command {
        case .trainReward:
            if case .running(let share) = training {
                return explain(
                    "Learning from your rankings: \(Format.percent(share)) is done; "
                        + "\(key(.stopTraining)) stops it.")
            }
            guard session.model != nil else {
                return explain("No model is loaded; F3 chooses one.")
            }
            training = .running(0)
            notify(
                .information,
                "Learning from your rankings in the background; \(key(.stopTraining)) stops it.")
            return [.trainReward]
        case .stopTraining:
            guard training.isRunning else { return explain("Nothing is being learnt.") }
            training = .idle
            notify(.information, "Learning was stopped; nothing has changed.")
            return [.stopTraining]
        case .takeReward:
            guard case .offered = training else {
                return explain(
                    "There is no new reward model; \(key(.trainReward)) learns one from your "
                        + "rankings.")
            }
            training = .idle
            return [.takeReward]
        default:
            return [.revertReward]
        }
    }

    mutating func followTraining(_ action: Action) -> [Effect] {
        switch action {
        case .trainingProgressed(let share):
            // What was on its way when the person stopped it counts no more.
            if training.isRunning { training = .running(share) }
        case .trainingFinished(let contest):
            guard training.isRunning else { return [] }
            training = contest.isBetter ? .offered(contest) : .idle
            notify(contest.isBetter ? .success : .information, text(of: contest))
        case .trainingFailed(let reason):
            guard training.isRunning else { return [] }
            training = .idle
            notify(.failure, reason)
        case .rewardChosen(let name, let isBack):
            session.rewardModel = name
            let now = name.map { "\($0) scores replies from now on" } ?? "Replies are not scored"
            notify(.success, isBack ? "\(now)." : "\(now); \(key(.revertReward)) goes back.")
            guard name != nil, let board, board.isComplete, let id = board.recordID else {
                return []
            }
            return [.scoreBoard(id)]
        default: break
        }
        return []
    }

    /// Both figures, on how many comparisons, and whether to believe the difference.
    private func text(of contest: RewardContest) -> String {
        let present = contest.present ?? "a coin"
        let figures =
            "\(Format.percent(contest.accuracy)) of \(contest.comparisons) held-out comparisons "
            + "(\(contest.prompts) prompts), \(present) with "
            + Format.percent(contest.presentAccuracy)
        guard contest.isBetter else {
            return "No better reward model yet: the new one agrees with you in \(figures)."
        }
        return "The new reward model agrees with you in \(figures)"
            + (contest.mayBeChance ? "; that may be chance. " : ". ")
            + "\(key(.takeReward)) takes it."
    }

    private func key(_ command: Command) -> String {
        keyMap.firstKey(command, in: .global) ?? command.title
    }
}
