import ArgumentParser
import Engine
import Foundation

struct ConversationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conversations",
        abstract: "List, search, show, move and delete conversations.",
        subcommands: [
            List.self, Search.self, Show.self, Export.self, Import.self, Delete.self,
        ],
        defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the conversations, the newest first.")

        @Option(help: "Only those with this tag.") var tag: String?
        @Option(help: "How many at most.") var limit = 1000
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let conversations = try openStore().conversations(tag: tag, limit: limit)
            if json { return StandardOutput.json(.array(conversations.map(\.summary))) }
            var table = TextTable(["id", "changed", "template", "title"], right: [0])
            for conversation in conversations {
                let tags = conversation.tags.map { " #\($0)" }.joined()
                table.add([
                    "\(conversation.id)", minuteText(conversation.updatedAt),
                    conversation.templateName, lineText(conversation.title) + tags,
                ])
            }
            if !table.isEmpty { StandardOutput.write(table.text) }
        }
    }

    struct Search: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find messages that contain all words of a query.")

        @Argument(help: "Words to look for; the last one may be a beginning.") var query: String
        @Option(help: "How many at most.") var limit = 50
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let hits = try openStore().search(query, limit: limit)
            if json {
                return StandardOutput.json(
                    .array(
                        hits.map {
                            .object([
                                ("conversation", .int(Int($0.conversation))),
                                ("title", .string($0.conversationTitle)),
                                ("message", .int(Int($0.message))),
                                ("role", .string($0.role.rawValue)),
                                ("created_at", JSON($0.createdAt)),
                                ("snippet", .string($0.snippet)),
                            ])
                        }))
            }
            for hit in hits {
                StandardOutput.line(
                    "\(hit.conversation): \(lineText(hit.conversationTitle)) "
                        + "(\(hit.role.rawValue), \(minuteText(hit.createdAt)))")
                StandardOutput.line("    " + lineText(hit.snippet))
            }
            if hits.isEmpty { StandardError.note("No message contains all of these words.") }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a conversation's messages, from the first to the selected one.")

        @Argument(help: "A number of 'riposte conversations list'.") var id: Int64
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let store = try openStore()
            let conversation = try store.conversation(id)
            let messages = try store.path(of: id)
            guard json else {
                for message in messages {
                    StandardOutput.write("\(message.role.rawValue):\n\(message.text)\n\n")
                }
                return
            }
            guard case .object(let summary) = conversation.summary else { return }
            let list = messages.map {
                JSON.object([
                    ("id", .int(Int($0.id))), ("parent", JSON($0.parent.map(Int.init))),
                    ("role", .string($0.role.rawValue)), ("content", .string($0.text)),
                    ("created_at", JSON($0.createdAt)),
                ])
            }
            StandardOutput.json(.object(summary + [("messages", .array(list))]))
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print conversations as Markdown or JSON lines.",
            discussion: """
                'jsonl' keeps the whole tree and is what 'import' reads back; 'markdown' and \
                'messages' (TRL's form) have the path to the selected message.
                """)

        @Argument(help: "Numbers of 'riposte conversations list'; all where absent.")
        var ids: [Int64] = []
        @Option(help: "Form of the text.") var format = ConversationFormat.jsonl
        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("Write to this file instead.", valueName: "path"))
        var output: String?

        func run() throws {
            let store = try openStore()
            let chosen = try ids.isEmpty ? store.conversations(limit: .max).map(\.id) : ids
            let texts = try chosen.map { try store.export($0, as: format) }
            let separator = format == .markdown ? "\n" : ""
            let text = texts.map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }
                .joined(separator: separator)
            if let output {
                try AtomicFile.write(text, to: Paths.expand(output))
            } else {
                StandardOutput.write(text)
            }
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take conversations over from a file: all of it, or nothing.",
            discussion: """
                Reads what 'export' wrote, the conversations.json of a ChatGPT export, and TRL \
                {"messages"} lines. A conversation that was imported before is not added again.
                """)

        @Argument(help: "A JSON or JSONL file.") var file: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            // Read whole first: a broken file leaves no empty store behind.
            let conversations = try ConversationFile(contentsOf: file)
            let report = try openStore().importConversations(conversations)
            if json {
                return StandardOutput.json(
                    .object([
                        ("added", .array(report.added.map { .int(Int($0)) })),
                        ("messages", .int(report.messages)), ("known", .int(report.known)),
                        ("empty", .int(report.empty)),
                    ]))
            }
            StandardOutput.line(
                "\(report.added.count) conversations with \(report.messages) messages added, "
                    + "\(report.known) known already, \(report.empty) empty")
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete conversations, or take that back.")

        @Argument(help: "Numbers of 'riposte conversations list'.") var ids: [Int64]
        @Flag(help: "Bring deleted conversations back.") var undo = false

        func run() throws {
            let store = try openStore()
            // All of them or none.
            if !undo { for id in ids { _ = try store.conversation(id) } }
            for id in ids {
                if undo {
                    try store.undelete(conversation: id)
                } else {
                    try store.delete(conversation: id)
                }
            }
        }
    }
}

extension ConversationFormat: ExpressibleByArgument {}

extension Conversation {
    var summary: JSON {
        .object([
            ("id", .int(Int(id))), ("title", .string(title)), ("created_at", JSON(createdAt)),
            ("updated_at", JSON(updatedAt)), ("system", JSON(systemText)),
            ("template", .string(templateName)), ("tags", .array(tags.map(JSON.string))),
        ])
    }
}

func openStore() throws -> Store { try Store(path: Paths().database) }

/// A text in one line, fit for a terminal.
func lineText(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
}

/// A time as 2026-11-23 09:05, where the person is.
func minuteText(_ date: Date) -> String {
    let parts = Calendar.current.dateComponents([.year, .month, .day, .hour, .minute], from: date)
    func two(_ value: Int?) -> String { String(format: "%02d", value ?? 0) }
    return "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day)) "
        + "\(two(parts.hour)):\(two(parts.minute))"
}
