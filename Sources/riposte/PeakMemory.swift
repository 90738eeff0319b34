import Foundation

/// The most memory that the process has had resident.
enum PeakMemory {
    /// Bytes; since the last ``reset()`` where the system can forget a peak (Linux), else since
    /// the start.
    static var bytes: Int {
        #if os(Linux)
            if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
                let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
                    .flatMap({ Int($0) })
            {
                return kilobytes * 1024
            }
        #endif
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #endif
    }

    /// The peak begins anew with what is resident now.
    static func reset() {
        #if os(Linux)
            // A kernel that refuses leaves the peak since the start.
            try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
        #endif
    }
}
