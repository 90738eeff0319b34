import ArgumentParser

@main
struct Riposte: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "riposte",
        abstract: "Chat with a local model, rank its replies, and let it learn from the rankings.")
}
