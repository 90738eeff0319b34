import ArgumentParser

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train on your rankings or on preference data.",
        subcommands: [TrainRewardCommand.self, Head.self])
}
