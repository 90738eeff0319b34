/// Everything a key, the palette or the line mode can ask for. The names are those of the
/// configuration file.
public enum Command: String, Sendable, CaseIterable {
    // Anywhere
    case help, contextHelp, palette, templates, models, candidates, newBoard, order
    case messages, conversations, prompt, settings, quit, suspend, redraw, stop
    case newConversation, copyReply, copyCode, links, map, disagreements, tour
    case trainReward, stopTraining, takeReward, revertReward
    case scrollUp, scrollDown, scrollPageUp, scrollPageDown, scrollToStart, scrollToEnd
    // Composer
    case send, newline, focusNext, interrupt, endOfInput, editExternally
    // Board
    case boardLeft, boardRight, boardUp, boardDown, boardNext
    case rank, tie, allBad, unrank, undoRanking, submitRanking, accept
    case orderByReward, toggleScores, addCandidate, endCandidate, toggleBlind, zoom
    case foldDuplicates, markDifferences, editCandidate, tokens, attention
    case boardTaller, boardShorter, focusComposer
    // Messages
    case messageUp, messageDown, previousSibling, nextSibling, editMessage, regenerate
    case continueReply, undo, branchHere, openBoard
    // Lists and pages on top of the screen
    case close, choose, up, down, left, right, pageUp, pageDown, first, last
    case previousHead, nextHead, toggleSink
    case markItem, deleteItem, renameItem, tagItem, exportItem

    /// A few words for the footer.
    var title: String { Self.texts[self]?.title ?? rawValue }
    /// One sentence for the help page and the README.
    public var help: String { Self.texts[self]?.help ?? rawValue }
    /// Whether the palette offers it: it needs no key and no selection in a list.
    var isInPalette: Bool { Self.texts[self]?.inPalette ?? false }

    private struct Text {
        var title: String
        var help: String
        var inPalette: Bool

        init(_ title: String, _ help: String, palette: Bool = false) {
            self.title = title
            self.help = help
            self.inPalette = palette
        }
    }

    private static let texts: [Command: Text] = [
        .help: Text("help", "Show every key and command.", palette: true),
        .contextHelp: Text("help", "Show the keys that work here."),
        .palette: Text("commands", "Find any command by its name.", palette: true),
        .templates: Text("templates", "Choose the template of the next reply.", palette: true),
        .models: Text("models", "Choose the model.", palette: true),
        .candidates: Text("replies", "Sample 1, 2, 4 or 8 replies a turn.", palette: true),
        .newBoard: Text("new board", "Sample new replies to the last turn.", palette: true),
        .order: Text("order", "Order the board by reward, or as sampled.", palette: true),
        .messages: Text("messages", "Walk the messages: edit, branch, versions.", palette: true),
        .conversations: Text("conversations", "Open, search or name conversations.", palette: true),
        .prompt: Text("prompt", "Show the exact prompt, token by token.", palette: true),
        .settings: Text("settings", "Change the sampling settings.", palette: true),
        .quit: Text("quit", "Leave. Everything is already saved.", palette: true),
        .suspend: Text("suspend", "Return to the shell; fg comes back."),
        .redraw: Text("redraw", "Paint the whole screen anew."),
        .stop: Text("stop", "Stop generating; what was written is kept."),
        .newConversation: Text("new", "Start a new conversation.", palette: true),
        .copyReply: Text("copy", "Copy the selected or the last reply.", palette: true),
        .copyCode: Text("copy code", "Copy the reply's code block.", palette: true),
        .links: Text("links", "Open a link of the conversation.", palette: true),
        .disagreements: Text(
            "disagreements", "Show where the reward model disagrees with you.", palette: true),
        .trainReward: Text(
            "learn", "Learn a reward model from your rankings, in the background.", palette: true),
        .stopTraining: Text("stop learning", "Stop learning; nothing changes.", palette: true),
        .takeReward: Text(
            "take", "Let the new reward model score replies from now on.", palette: true),
        .revertReward: Text("go back", "Go back to the reward model before.", palette: true),
        .tour: Text("tour", "Show the five lines for the first time again.", palette: true),
        .map: Text("map", "Show the conversation's tree of versions.", palette: true),
        .scrollUp: Text("scroll", "Scroll the transcript up."),
        .scrollDown: Text("scroll", "Scroll the transcript down."),
        .scrollPageUp: Text("scroll", "Scroll up a page."),
        .scrollPageDown: Text("scroll", "Scroll down a page."),
        .scrollToStart: Text("start", "Go to the start of the conversation."),
        .scrollToEnd: Text("end", "Go to the end and follow what is written."),
        .send: Text("send", "Send the message, or run the / command."),
        .newline: Text("new line", "Start a new line in the message."),
        .focusNext: Text("board", "Complete a / command, else go to the board."),
        .interrupt: Text("clear", "Clear the line; while a reply streams, stop it."),
        .endOfInput: Text("quit", "Leave, where the line is empty."),
        .editExternally: Text("editor", "Write the message in $EDITOR.", palette: true),
        .boardLeft: Text("left", "Select the reply to the left."),
        .boardRight: Text("right", "Select the reply to the right."),
        .boardUp: Text("up", "Scroll the reply up, or select the one above."),
        .boardDown: Text("down", "Scroll the reply down, or select the one below."),
        .boardNext: Text("next", "Select the next reply."),
        .rank: Text("rank", "Give the selected reply this rank; 1 is the best."),
        .tie: Text("tie", "Tie the selected reply with the one ranked before.", palette: true),
        .allBad: Text("all bad", "Say that no reply is good enough.", palette: true),
        .unrank: Text("unrank", "Take the selected reply's rank away.", palette: true),
        .undoRanking: Text("undo", "Undo the last step of ranking.", palette: true),
        .submitRanking: Text(
            "submit", "Record the ranking and go on with the best.", palette: true),
        .accept: Text("accept", "Go on with the selected reply without ranking.", palette: true),
        .orderByReward: Text("order", "Order by reward, or as sampled."),
        .toggleScores: Text("scores", "Hide or show the scores.", palette: true),
        .addCandidate: Text("one more", "Sample one more reply.", palette: true),
        .endCandidate: Text(
            "rule out", "Rule the reply out: its stream ends, it ranks last.", palette: true),
        .toggleBlind: Text("blind", "Hide names and scores and shuffle.", palette: true),
        .zoom: Text("zoom", "Show the selected reply over the whole width.", palette: true),
        .foldDuplicates: Text("fold", "Fold equal replies into one.", palette: true),
        .markDifferences: Text("differ", "Mark the first word that differs.", palette: true),
        .editCandidate: Text(
            "edit", "Edit the reply; the edit ranks above the original.", palette: true),
        .tokens: Text("tokens", "Look at the tokens and their probabilities.", palette: true),
        .attention: Text("attention", "Look at what a token attends to.", palette: true),
        .boardTaller: Text("taller", "Give the board a row more; the mouse drags its edge."),
        .boardShorter: Text("shorter", "Give the board a row less."),
        .focusComposer: Text("composer", "Go back to the composer."),
        .messageUp: Text("earlier", "Select the message before."),
        .messageDown: Text("later", "Select the message after."),
        .previousSibling: Text("version", "Show the version before."),
        .nextSibling: Text("version", "Show the next version; a reply's last makes one more."),
        .editMessage: Text("edit", "Edit the message; the old version is kept.", palette: true),
        .regenerate: Text(
            "regenerate", "Sample the reply anew; the old one is kept.", palette: true),
        .continueReply: Text("continue", "Go on where the reply was cut.", palette: true),
        .undo: Text("undo", "Take the last change back.", palette: true),
        .openBoard: Text(
            "board", "Show the turn's replies side by side, to rank them again.", palette: true),
        .branchHere: Text("branch", "Write the next message after this one.", palette: true),
        .close: Text("close", "Close this page."),
        .choose: Text("choose", "Take the selected line."),
        .up: Text("up", "Move up."),
        .down: Text("down", "Move down."),
        .left: Text("less", "Move left, or lower the value."),
        .right: Text("more", "Move right, or raise the value."),
        .pageUp: Text("page", "Move up a page."),
        .pageDown: Text("page", "Move down a page."),
        .first: Text("first", "Go to the first."),
        .last: Text("last", "Go to the last."),
        .previousHead: Text("head", "Show another attention head."),
        .nextHead: Text("head", "Show the next attention head, or the average."),
        .toggleSink: Text("first", "Hide or show the attention to the first token."),
        .markItem: Text("mark", "Mark it; Enter compares what is marked, side by side."),
        .deleteItem: Text("delete", "Delete the conversation; Ctrl+U takes that back."),
        .renameItem: Text("rename", "Give it another name."),
        .tagItem: Text("tag", "Add or remove a tag."),
        .exportItem: Text("export", "Write a conversation to a file; edit a template in $EDITOR."),
    ]
}
