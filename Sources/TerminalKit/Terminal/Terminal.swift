import CTerminal
import Foundation

/// The terminal on standard input and output: shows frames, yields bytes and signals.
///
/// curses keeps its state in globals, so there is at most one of these at a time, and it stays
/// on the thread that made it (it is not `Sendable`). The terminal is restored when it is
/// closed or released, at `exit`, and in the handlers of fatal signals.
public final class Terminal {
    /// Colours that can be shown: 256, 16, 8, or 0 for a monochrome terminal or NO_COLOR.
    public let colors: Int
    public private(set) var size: ScreenSize
    /// What the terminal shows; nil when that is not known.
    private var shown: Grid?
    private var title: String?
    private var looks: [Style: (pair: Int32, attributes: UInt8)] = [:]
    private var isOpen = true
    private var row: [cterm_cell] = []

    /// Colours of the terminal type in TERM, without taking the terminal over; 0 where NO_COLOR
    /// is set.
    public static var colorCount: Int { Int(cterm_color_count()) }

    /// Whether a screen can be shown at all; nil, or why not.
    public static func obstacle() -> TerminalError? {
        if isatty(STDIN_FILENO) == 0 { return .notATerminal(descriptor: "standard input") }
        if isatty(STDOUT_FILENO) == 0 { return .notATerminal(descriptor: "standard output") }
        return nil
    }

    public init(mouse: Bool = false) throws(TerminalError) {
        if let obstacle = Self.obstacle() { throw obstacle }
        let result = cterm_open(mouse)
        switch result {
        case 0: break
        case EBUSY: throw .alreadyOpen
        case -1:
            throw .unknownTerminal(name: ProcessInfo.processInfo.environment["TERM"] ?? "")
        default: throw .system(call: "tcgetattr", code: result)
        }
        colors = Self.colorCount
        size = Self.currentSize()
        cterm_resize()
    }

    deinit { close() }

    /// Gives the terminal back as it was.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        cterm_close()
    }

    private static func currentSize() -> ScreenSize {
        var (columns, rows): (Int32, Int32) = (0, 0)
        cterm_size(&columns, &rows)
        return ScreenSize(columns: Int(columns), rows: Int(rows))
    }

    /// Follows the terminal's size, and returns it.
    func resize() -> ScreenSize {
        cterm_resize()
        shown = nil
        size = Self.currentSize()
        return size
    }

    /// Shows a frame: only what differs from the frame before is sent.
    public func present(_ frame: Frame) {
        let grid = frame.grid
        let previous = shown?.size == grid.size ? shown : nil
        for index in 0..<min(grid.rows, size.rows) {
            let cells = grid.row(index)
            if let previous, previous.row(index) == cells { continue }
            paint(cells, row: index)
        }
        shown = grid
        if let title = frame.title, title != self.title {
            self.title = title
            cterm_set_title(String(title.unicodeScalars.filter { !TextWidth.isDropped($0) }))
        }
        cterm_flush(Int32(frame.cursor?.row ?? -1), Int32(frame.cursor?.column ?? -1))
    }

    private func paint(_ cells: ArraySlice<Cell>, row index: Int) {
        row.removeAll(keepingCapacity: true)
        // Neighbours mostly look alike.
        var style = Style()
        var look = look(of: style)
        for cell in cells.prefix(size.columns) where !cell.text.isEmpty {
            if cell.style != style {
                style = cell.style
                look = self.look(of: style)
            }
            var converted = cterm_cell()
            converted.pair = look.pair
            converted.attributes = look.attributes
            var scalars = cell.text.unicodeScalars.makeIterator()
            converted.text.0 = scalars.next()?.value ?? 0x20
            converted.text.1 = scalars.next()?.value ?? 0
            converted.text.2 = scalars.next()?.value ?? 0
            converted.text.3 = scalars.next()?.value ?? 0
            converted.text.4 = scalars.next()?.value ?? 0
            row.append(converted)
        }
        cterm_put(Int32(index), 0, row, row.count)
    }

    private func look(of style: Style) -> (pair: Int32, attributes: UInt8) {
        if let look = looks[style] { return look }
        let pair = cterm_pair(number(of: style.foreground), number(of: style.background))
        let look = (pair: pair, attributes: style.attributes.rawValue)
        looks[style] = look
        return look
    }

    /// The terminal's own number of a colour.
    private func number(of color: Color) -> Int32 {
        guard case .indexed(let index) = color.quantized(to: colors) else { return -1 }
        // Direct-colour terminal types take red, green and blue in the place of an index.
        guard colors > 256, index >= 8 else { return Int32(index) }
        let (red, green, blue) = Color.components(Int(index))
        return Int32(red << 16 | green << 8 | blue)
    }

    /// Paints all of the next frame.
    public func invalidate() {
        shown = nil
        cterm_invalidate()
    }

    /// Stops the process as ^Z does, and returns when it is continued.
    func suspend() {
        cterm_stop()
        shown = nil
    }

    /// The terminal's modes after the process was stopped without being asked.
    func reenter() {
        cterm_leave()
        cterm_enter()
        shown = nil
    }

    func bell() { cterm_bell() }

    func setMouse(_ isOn: Bool) { cterm_set_mouse(isOn) }

    /// Puts text on the clipboard of the terminal that the person sits at.
    func copy(_ text: String) {
        cterm_copy(Data(text.utf8).base64EncodedString())
        // Without being told to, tmux does not hand an application's copy on; its own does.
        guard ProcessInfo.processInfo.environment["TMUX"] != nil else { return }
        _ = Self.runShell("tmux load-buffer -w - 2>/dev/null", input: text)
    }

    /// Hands the terminal to another program until it ends, and returns its exit status.
    func run(_ program: ExternalProgram) -> Result<Int32, TerminalError> {
        cterm_leave()
        defer {
            cterm_enter()
            shown = nil
        }
        let words = [program.command] + program.arguments.map(Self.quoted)
        return Self.runShell(words.joined(separator: " "), input: program.input)
    }

    /// Runs a shell command with text on its standard input.
    private static func runShell(
        _ command: String, input: String?
    ) -> Result<Int32, TerminalError> {
        var path: String?
        defer { if let path { unlink(path) } }
        if let input {
            let name = FileManager.default.temporaryDirectory
                .appending(path: "riposte-\(getpid())-\(UInt32.random(in: 0 ... .max))")
            path = name.path
            // Only the person may read it: it may be a conversation.
            guard
                FileManager.default.createFile(
                    atPath: name.path, contents: Data(input.utf8),
                    attributes: [.posixPermissions: 0o600])
            else { return .failure(.system(call: "writing \(name.path)", code: errno)) }
        }
        var error: Int32 = 0
        let status = cterm_run(command, path, &error)
        return status < 0 ? .failure(.system(call: "posix_spawn", code: error)) : .success(status)
    }

    /// A word for the shell.
    static func quoted(_ word: String) -> String {
        "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
