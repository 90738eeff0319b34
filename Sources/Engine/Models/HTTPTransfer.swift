import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Gets one address into a file, from where an earlier attempt stopped.
struct HTTPTransfer {
    let url: URL
    var authorization: String?

    init(url: URL, authorization: String? = nil) {
        self.url = url
        self.authorization = authorization
    }

    /// Appends what is missing of the file at `path`. A server that cannot resume sends it
    /// from the beginning. Up to four attempts, each going on where the last stopped.
    ///
    /// - Parameter progress: bytes so far and in all; on a thread of the session.
    func resume(
        to path: String, expected: Int?, progress: @escaping @Sendable (Int, Int?) -> Void
    ) async throws {
        var failure: (any Error)?
        for attempt in 0..<4 {
            if attempt > 0 { try await Task.sleep(for: .seconds(1 << (attempt - 1))) }
            try Task.checkCancellation()
            let done = Self.size(of: path)
            if let expected, done == expected { return }
            do {
                try await transfer(
                    to: path, from: expected.map { done < $0 } ?? true ? done : 0, progress)
                if let expected, Self.size(of: path) != expected {
                    throw EngineError.download(
                        source: source, reason: "the connection ended before the file did")
                }
                return
            } catch let error as EngineError {
                failure = error
                if case .download(_, let reason) = error, reason.hasPrefix("the server answered 4")
                {
                    break
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                if Task.isCancelled { throw CancellationError() }
                failure = EngineError.download(
                    source: source, reason: error.localizedDescription.asClause)
                // A name that is not known or a refused connection will not change in seconds.
                if Self.size(of: path) == done, attempt > 0 { break }
            }
        }
        throw failure ?? EngineError.download(source: source, reason: "nothing was sent")
    }

    /// A small document.
    func data(accept: String) async throws -> Data {
        var request = request()
        request.setValue(accept, forHTTPHeaderField: "Accept")
        let session = URLSession(configuration: .ephemeral)
        defer { session.finishTasksAndInvalidate() }
        let (data, response) = try await session.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard status == 200 else {
            throw EngineError.download(source: source, reason: "the server answered \(status)")
        }
        return data
    }

    private var source: String { url.host ?? url.absoluteString }

    private func request() -> URLRequest {
        var request = URLRequest(url: url, timeoutInterval: 60)
        request.setValue("riposte", forHTTPHeaderField: "User-Agent")
        // Bytes as they are stored: a resumed transfer counts them.
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        if let authorization {
            request.setValue(authorization, forHTTPHeaderField: "Authorization")
        }
        return request
    }

    private func transfer(
        to path: String, from start: Int, _ progress: @escaping @Sendable (Int, Int?) -> Void
    ) async throws {
        var request = request()
        if start > 0 { request.setValue("bytes=\(start)-", forHTTPHeaderField: "Range") }
        let sink = FileSink(path: path, start: start, source: source, progress: progress)
        let session = URLSession(configuration: .ephemeral, delegate: sink, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        let task = session.dataTask(with: request)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                sink.begin(continuation)
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
    }

    private static func size(of path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }
}

/// Writes what a session receives. The session calls it on one queue, one call at a time.
private final class FileSink: NSObject, URLSessionDataDelegate {
    private struct State {
        var continuation: CheckedContinuation<Void, any Error>?
        var file: FileHandle?
        var done: Int
        var total: Int?
        var failure: (any Error)?
    }

    private let path: String
    private let source: String
    private let progress: @Sendable (Int, Int?) -> Void
    private let state: Mutex<State>

    init(
        path: String, start: Int, source: String,
        progress: @escaping @Sendable (Int, Int?) -> Void
    ) {
        self.path = path
        self.source = source
        self.progress = progress
        state = Mutex(State(done: start))
    }

    func begin(_ continuation: CheckedContinuation<Void, any Error>) {
        state.withLock { $0.continuation = continuation }
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        let isAllowed = state.withLock { state in
            do {
                guard status == 200 || status == 206 else {
                    // The range may be beyond the end of another version of the file.
                    if status == 416 { try? FileManager.default.removeItem(atPath: path) }
                    throw EngineError.download(
                        source: source, reason: "the server answered \(status)")
                }
                if status == 200 { state.done = 0 }
                if state.done == 0 {
                    _ = FileManager.default.createFile(atPath: path, contents: nil)
                }
                guard let file = FileHandle(forWritingAtPath: path) else {
                    throw EngineError.file(path: path, reason: "it cannot be written")
                }
                try file.truncate(atOffset: UInt64(state.done))
                try file.seekToEnd()
                state.file = file
                let length = response.expectedContentLength
                state.total = length > 0 ? state.done + Int(length) : nil
                return true
            } catch {
                state.failure = error
                return false
            }
        }
        completionHandler(isAllowed ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let report = state.withLock { state -> (Int, Int?)? in
            do {
                try state.file?.write(contentsOf: data)
                state.done += data.count
                return (state.done, state.total)
            } catch {
                state.failure = EngineError.file(path: path, reason: "the disk may be full")
                dataTask.cancel()
                return nil
            }
        }
        if let (done, total) = report { progress(done, total) }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        let (continuation, failure) = state.withLock { state in
            try? state.file?.synchronize()
            try? state.file?.close()
            defer { state.continuation = nil }
            return (state.continuation, state.failure ?? error)
        }
        if let failure {
            continuation?.resume(throwing: failure)
        } else {
            continuation?.resume()
        }
    }
}
