import ArgumentParser
import Engine
import Foundation

@main
struct Riposte: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "riposte",
        abstract: "Chat with a local model, rank its replies, and let it learn from the rankings.",
        discussion: """
            Without a command, the chat opens. Scripts use 'ask' and the other commands: results \
            go to standard output, everything else to standard error, and most take --json.
            """,
        version: version,
        subcommands: [
            ChatCommand.self, AskCommand.self, ModelsCommand.self, TemplatesCommand.self,
            ConversationsCommand.self, RankingsCommand.self, RewardCommand.self,
            TrainCommand.self, EvalCommand.self, TokenizeCommand.self, PromptCommand.self,
            LogprobsCommand.self,
            BenchCommand.self, DoctorCommand.self,
        ],
        defaultSubcommand: ChatCommand.self)

    /// Replaces the parser's own entry: one sentence on standard error, exit status 2 for a
    /// wrong call, 1 for what failed, 128 + n for a signal.
    @MainActor static func main() async {
        // A closed pipe is seen where it is written to; see StandardOutput.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let interrupted as Interrupted {
            Foundation.exit(128 + interrupted.signal)
        } catch let status as ExitCode {
            Foundation.exit(status.rawValue)
        } catch let error as Failure {
            StandardError.note(error.sentence)
            Foundation.exit(error.status)
        } catch {
            exitAfter(error)
        }
    }

    private static func exitAfter(_ error: any Error) -> Never {
        let status = exitCode(for: error)
        if status.isSuccess { exit(withError: error) }  // --help, --version
        guard status == .validationFailure else {
            StandardError.note(error.sentence)
            Foundation.exit(1)
        }
        let message = message(for: error).trimmingCharacters(in: .whitespacesAndNewlines)
        let sentence = message.hasSuffix(".") ? String(message.dropLast()) : message
        StandardError.note("\(sentence); 'riposte --help' explains.")
        Foundation.exit(2)
    }
}

/// A failure that a command words itself.
struct Failure: Error {
    var sentence: String
    /// 1: it failed; 2: the call was wrong.
    var status: Int32 = 1

    init(_ sentence: String, status: Int32 = 1) {
        self.sentence = sentence
        self.status = status
    }
}
