import Engine
import Synchronization

extension EffectRunner {
    /// Learns a reward model beside everything else. One that is running ends.
    func trainReward() {
        let task = Task.detached { [self] in
            let shown = Mutex(0)
            do {
                let offer = try await workspace.trainReward { share in
                    // The screen shows whole percents, and is not woken for less.
                    let percent = Int(share * 100)
                    let isNew = shown.withLock { old in
                        defer { old = percent }
                        return percent != old
                    }
                    if isNew { self.post(.trainingProgressed(share)) }
                }
                session.withLock { $0.offer = offer }
                post(.trainingFinished(offer.contest))
            } catch is CancellationError {
                // The person stopped it and was told so then.
            } catch {
                post(.trainingFailed(error.sentence))
            }
        }
        session.withLock { session in
            session.training?.cancel()
            session.training = task
            session.offer = nil
        }
    }

    func takeReward() throws {
        guard let offer = session.withLock({ $0.offer }) else { return }
        try workspace.take(offer)
        session.withLock { $0.offer = nil }
        post(.rewardChosen(workspace.activeRewardName, isBack: false))
    }

    func revertReward() throws {
        guard workspace.rewards.isChosen else {
            return post(
                .noticed(.information, "There is no earlier reward model to go back to."))
        }
        try workspace.rewards.revert()
        post(.rewardChosen(workspace.activeRewardName, isBack: true))
    }
}
