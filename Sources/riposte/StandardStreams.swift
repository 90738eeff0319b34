import Foundation

/// Results. Written at once and whole; a reader that has gone away ends the program quietly,
/// with the status a shell gives for SIGPIPE.
enum StandardOutput {
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    static func write(_ text: String) {
        var text = text
        text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: STDOUT_FILENO) }
    }

    static func line(_ text: String = "") { write(text + "\n") }

    static func json(_ value: JSON) { line(value.text) }
}

/// What a person should know while a command runs, and errors.
enum StandardError {
    static let isTerminal = isatty(STDERR_FILENO) == 1

    static func write(_ text: String) {
        var text = text
        text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: STDERR_FILENO) }
    }

    /// One line, whatever a damaged file brought into the sentence: no control characters,
    /// which a terminal would obey, and not without end.
    static func note(_ sentence: String) {
        var line = ""
        var isAfterSpace = false
        for scalar in sentence.unicodeScalars {
            let isSpace = scalar.properties.isWhitespace
            let category = scalar.properties.generalCategory
            if isSpace || category == .control || category == .format {
                if !isAfterSpace { line.unicodeScalars.append(" ") }
                isAfterSpace = true
            } else {
                line.unicodeScalars.append(scalar)
                isAfterSpace = false
            }
        }
        if line.count > 800 { line = line.prefix(600) + " … " + line.suffix(180) }
        write("riposte: \(line)\n")
    }
}

enum StandardInput {
    /// Whether text was piped or redirected into the program. A terminal, `/dev/null` and a
    /// closed descriptor carry none.
    static var carriesText: Bool {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0 else { return false }
        let kind = status.st_mode & S_IFMT
        return kind == S_IFIFO || kind == S_IFREG || kind == S_IFSOCK
    }

    /// Everything on standard input, which must be UTF-8.
    static func text() throws -> String {
        guard isatty(STDIN_FILENO) == 0 || StandardError.isTerminal else { return "" }
        let data = try FileHandle.standardInput.readToEnd() ?? Data()
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Failure("Standard input is not UTF-8 text; convert it first.")
        }
        return text
    }
}

/// A text file named on the command line.
func readTextFile(_ path: String) throws -> String {
    let data: Data
    do {
        data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
        throw Failure("\(path) cannot be read; check the name and its permissions.")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
        throw Failure("\(path) is not UTF-8 text; convert it first.")
    }
    return text
}

private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var offset = 0
    while offset < bytes.count {
        let written = write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
        if written >= 0 {
            offset += written
        } else if errno == EPIPE {
            exit(128 + SIGPIPE)
        } else if errno == EAGAIN {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&waiting, 1, -1)
        } else if errno != EINTR {
            let reason = String(cString: strerror(errno))
            if descriptor == STDOUT_FILENO {
                StandardError.note("Standard output cannot be written (\(reason)).")
            }
            exit(1)
        }
    }
}
