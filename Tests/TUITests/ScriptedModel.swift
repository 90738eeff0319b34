import ChatTemplates
import Engine
import Foundation

@testable import LanguageModel
@testable import TUI
@testable import TerminalKit

/// Tokens are bytes; two more are the marks of a turn.
struct ByteTokenizer: Tokenizer {
    static let end: TokenID = 256
    static let start: TokenID = 257
    var vocabularySize: Int { 258 }
    var specialTokens: SpecialTokens { SpecialTokens(eos: Self.end, endOfGeneration: [Self.end]) }
    var dropsLeadingSpace: Bool { false }

    func encode(_ prompt: PromptText) -> [TokenID] {
        prompt.spans.flatMap { span -> [TokenID] in
            guard span.isTrusted else { return span.text.utf8.map { TokenID($0) } }
            var ids: [TokenID] = []
            var rest = Substring(span.text)
            while !rest.isEmpty {
                if rest.hasPrefix("<|s|>") {
                    ids.append(Self.start)
                    rest = rest.dropFirst(5)
                } else if rest.hasPrefix("<|e|>") {
                    ids.append(Self.end)
                    rest = rest.dropFirst(5)
                } else {
                    ids += String(rest.removeFirst()).utf8.map { TokenID($0) }
                }
            }
            return ids
        }
    }

    func bytes(of id: TokenID) -> [UInt8] { id < 256 ? [UInt8(id)] : [] }
    func displayText(of id: TokenID) -> String {
        switch id {
        case Self.start: "<|s|>"
        case Self.end: "<|e|>"
        default: String(decoding: [UInt8(id)], as: UTF8.self)
        }
    }
    func isControl(_ id: TokenID) -> Bool { id >= 256 }
}

struct PlainRenderer: ChatRenderer {
    func render(_ messages: [ChatMessage], addGenerationPrompt: Bool) throws -> PromptText {
        var text = PromptText()
        for message in messages {
            text.append("<|s|>\(message.role)\n", isTrusted: true)
            text.append(message.content, isTrusted: false)
            text.append("<|e|>\n", isTrusted: true)
        }
        if addGenerationPrompt { text.append("<|s|>assistant\n", isTrusted: true) }
        return text
    }
}

/// Says the same things again and again: "reply 1 to N bytes", byte by byte.
final class ScriptedGenerator: ReplyGenerator, AttentionSource {
    /// Milliseconds a token takes.
    var pause: UInt32 = 0
    /// Tokens after which a stream says no more until it is cancelled, so that a test can be
    /// late without the reply being over.
    var holdAfter = Int.max

    func generate(
        _ request: GenerationRequest, control: GenerationControl,
        checkpoints: GenerationCheckpoints?, onEvent: (GenerationEvent) -> Void
    ) throws -> [GeneratedReply] {
        onEvent(.promptRead(done: request.prompt.count, total: request.prompt.count))
        struct Stream {
            var seed: UInt64
            var pending: [TokenID]
            var ids: [TokenID] = []
            var reply: GeneratedReply?
        }
        var streams: [Stream] = []
        func begin(_ candidate: GenerationRequest.Candidate) {
            let text = "reply \(streams.count + 1) to \(request.prompt.count) tokens"
            streams.append(
                Stream(
                    seed: candidate.seed,
                    pending: text.utf8.map { TokenID($0) } + [ByteTokenizer.end]))
        }
        func finish(_ index: Int, _ reason: FinishReason) {
            let bytes = streams[index].ids.filter { $0 < 256 }.map { UInt8($0) }
            let reply = GeneratedReply(
                text: String(decoding: bytes, as: UTF8.self), ids: streams[index].ids,
                logProbabilities: streams[index].ids.map { _ in -0.5 }, finishReason: reason,
                seed: streams[index].seed)
            streams[index].reply = reply
            onEvent(.candidateFinished(candidate: index, reply))
        }
        request.candidates.forEach(begin)
        while streams.contains(where: { $0.reply == nil }) {
            control.takeAdded().forEach(begin)
            if pause > 0 { usleep(pause * 1000) }
            for index in streams.indices where streams[index].reply == nil {
                if control.isCancelled(candidate: index) {
                    finish(index, .cancelled)
                    continue
                }
                if streams[index].ids.count >= holdAfter {
                    usleep(1000)
                    continue
                }
                let id = streams[index].pending.removeFirst()
                streams[index].ids.append(id)
                let text = id < 256 ? String(decoding: [UInt8(id)], as: UTF8.self) : ""
                onEvent(.token(candidate: index, id: id, text: text, logProbability: -0.5))
                if id == ByteTokenizer.end {
                    finish(index, .stop)
                } else if streams[index].ids.count == request.maxTokens {
                    finish(index, .length)
                }
            }
        }
        var timings = GenerationTimings()
        timings.decodeTokens = streams.reduce(0) { $0 + $1.ids.count }
        timings.decodeSeconds = 1
        onEvent(.finished(timings))
        return streams.compactMap(\.reply)
    }

    func clearCache() {}

    func logProbabilities(of ids: [TokenID], top: Int) throws -> [PositionLogProbability] {
        ids.enumerated().map { index, id in
            PositionLogProbability(
                id: id, logProbability: index == 0 ? nil : -0.5,
                top: (0..<top).map { (TokenID(65 + $0), -Float($0 + 1)) })
        }
    }

    func logProbabilities(ofContinuations continuations: [[TokenID]], after prompt: [TokenID])
        throws -> [[Float]]
    {
        continuations.enumerated().map { index, ids in ids.map { _ in -Float(index + 1) } }
    }

    /// Two layers of two heads; each token attends to the one before it, and to the first.
    func attention(of position: Int, in ids: [TokenID]) throws -> [[[Float]]] {
        var row = [Float](repeating: 0, count: position + 1)
        row[0] = 0.6
        row[max(0, position - 1)] += 0.3
        row[position] += 0.1
        return [[row, row], [row, row]]
    }

    func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) throws
        -> [[[Float]]]
    {
        replies.map { reply in layers.map { _ in reply.map { Float($0) } } }
    }
}

/// The chat without a terminal: a program, its runner and a store of its own.
@MainActor
final class ChatHarness {
    var program: ChatProgram
    let workspace: Workspace
    let root: String
    private let mailbox: Mailbox<Action>
    var effects: [LoopEffect] = []

    init(
        pause: UInt32 = 0, holdAfter: Int = .max, root: String? = nil,
        trainer: (any RewardTrainer)? = nil
    ) throws {
        let root = root ?? NSTemporaryDirectory() + "riposte-tui-\(UUID().uuidString)"
        self.root = root
        let inference = InferenceActor { path, _, progress in
            progress?(1)
            let info = ModelInfo(
                name: "scripted", path: path, architecture: "none", parameterCount: 1,
                quantization: "F32", fileBytes: 1, layerCount: 1, embeddingWidth: 1,
                vocabularySize: 258, contextLength: 4096, license: nil, fingerprint: "f00")
            let generator = ScriptedGenerator()
            generator.pause = pause
            generator.holdAfter = holdAfter
            return (
                LoadedModel(
                    info: info, contextLength: 4096, tokenizer: ByteTokenizer(),
                    chatRenderer: PlainRenderer(), chatTemplateHash: nil), generator
            )
        }
        workspace = try Workspace(
            paths: Paths(root: root), inference: inference, rewardTrainer: trainer)
        let mailbox = try Mailbox<Action>()
        self.mailbox = mailbox
        let runner = EffectRunner(workspace: workspace, modelOptions: ModelOptions()) {
            mailbox.post($0)
        }
        program = ChatProgram(state: State(), runner: runner)
        let file = root + "/model.gguf"
        try AtomicFile.write("scripted", to: file)
        effects += program.update(.started(ScreenSize(columns: 100, rows: 30)))
        runner.start(model: file, template: "chat", conversation: nil, systemText: nil)
    }

    var state: State { program.state }
    var screen: String { program.render(state.size).grid.description }

    /// Takes what the runner reports until the state is as wanted.
    func wait(
        _ what: String, until condition: (State) -> Bool
    ) async throws {
        // When a hang is called one. Other suites compute for a minute on all threads of the
        // cooperative pool, and this one waits behind them.
        let limit = ContinuousClock.now + .seconds(300)
        while !condition(program.state) {
            guard ContinuousClock.now < limit else { throw Missing(what: what, screen: screen) }
            let actions = mailbox.take()
            if actions.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            for action in actions { carry(program.update(.message(action))) }
        }
    }

    struct Missing: Error, CustomStringConvertible {
        var what: String
        var screen: String
        var description: String { "never came: \(what)\n\(screen)" }
    }

    func press(_ keys: Key...) {
        for key in keys { carry(program.update(.input(.key(key)))) }
    }

    func type(_ line: String) {
        carry(
            program.update(
                .composerChanged(ComposerState(text: line, cursor: line.utf8.count))))
        press(.enter)
    }

    /// What readline would do with it.
    private func carry(_ new: [LoopEffect]) {
        effects += new
        for effect in new {
            switch effect {
            case .clearComposer: _ = program.update(.composerChanged(ComposerState()))
            case .setText(let text):
                _ = program.update(
                    .composerChanged(ComposerState(text: text, cursor: text.utf8.count)))
            default: break
            }
        }
    }

    func ready() async throws {
        try await wait("the model") { $0.session.model != nil && !$0.session.templates.isEmpty }
    }

    func idle() async throws {
        try await wait("the end of the reply") { !$0.generation.isRunning && $0.queue.isEmpty }
    }
}
