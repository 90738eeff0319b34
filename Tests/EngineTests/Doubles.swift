import ChatTemplates
import Foundation
import LanguageModel
import Synchronization

@testable import Engine

/// A token a byte (ids 16 and up), and control tokens in ChatML's spelling below.
struct ByteTokenizer: Tokenizer {
    static let controls = ["<|im_start|>", "<|im_end|>", "<s>"]
    var addsBOS = false

    var vocabularySize: Int { 272 }
    var specialTokens: SpecialTokens {
        SpecialTokens(
            bos: 2, eos: 1, padding: 1, endOfGeneration: [1], addsBOS: addsBOS)
    }
    var dropsLeadingSpace: Bool { false }

    func encode(_ prompt: PromptText) -> [TokenID] {
        var ids: [TokenID] = []
        for span in prompt.spans {
            var rest = Substring(span.text)
            while let first = rest.first {
                if span.isTrusted,
                    let control = Self.controls.firstIndex(where: { rest.hasPrefix($0) })
                {
                    ids.append(TokenID(control))
                    rest = rest.dropFirst(Self.controls[control].count)
                } else {
                    ids += String(first).utf8.map { TokenID($0) + 16 }
                    rest = rest.dropFirst()
                }
            }
        }
        return ids
    }

    func bytes(of id: TokenID) -> [UInt8] { id < 16 ? [] : [UInt8(id - 16)] }
    func displayText(of id: TokenID) -> String {
        id < 16 ? Self.controls[Int(id)] : String(decoding: bytes(of: id), as: UTF8.self)
    }
    func isControl(_ id: TokenID) -> Bool { id < 16 }

    func text(_ ids: [TokenID]) -> String { ids.map(displayText).joined() }
}

/// A generator whose replies follow from prompt length and seed; label and hidden-state
/// queries have closed forms.
final class ScriptedGenerator: ReplyGenerator, @unchecked Sendable {
    // Unchecked: the inference actor's one thread uses it; the gate is for tests to hold it.
    let tokenizer = ByteTokenizer()
    let gate = Mutex<(@Sendable (Int) -> Void)?>(nil)
    let prompts = Mutex<[[TokenID]]>([])

    static func reply(seed: UInt64) -> String { "reply \(seed) é🙂" }

    func generate(
        _ request: GenerationRequest, control: GenerationControl,
        checkpoints: GenerationCheckpoints?, onEvent: (GenerationEvent) -> Void
    ) throws -> [GeneratedReply] {
        prompts.withLock { $0.append(request.prompt) }
        onEvent(.promptRead(done: request.prompt.count, total: request.prompt.count))
        var replies: [GeneratedReply] = []
        for (index, candidate) in request.candidates.enumerated() {
            var text = ""
            var reason = FinishReason.stop
            var ids: [TokenID] = []
            for character in Self.reply(seed: candidate.seed) {
                gate.withLock { $0 }?(index)
                if control.isCancelled {
                    reason = .cancelled
                    break
                }
                if ids.count >= request.maxTokens {
                    reason = .length
                    break
                }
                let piece = tokenizer.encode(String(character))
                ids += piece
                text.append(character)
                onEvent(
                    .token(
                        candidate: index, id: piece[0], text: String(character),
                        logProbability: -0.5))
            }
            if reason == .stop { ids.append(1) }
            let reply = GeneratedReply(
                text: text, ids: ids, logProbabilities: ids.map { _ in -0.5 },
                finishReason: reason, seed: candidate.seed)
            replies.append(reply)
            onEvent(.candidateFinished(candidate: index, reply))
        }
        onEvent(.finished(GenerationTimings()))
        return replies
    }

    func clearCache() {}

    func logProbabilities(of ids: [TokenID], top: Int) throws -> [PositionLogProbability] { [] }

    /// The more bytes a continuation shares with the prompt's last line, the likelier.
    func logProbabilities(ofContinuations continuations: [[TokenID]], after prompt: [TokenID])
        throws -> [[Float]]
    {
        let text = tokenizer.text(prompt)
        return continuations.map { ids in
            let isNamed = text.contains("very " + tokenizer.text(ids))
            return ids.enumerated().map { $0.offset == 0 ? (isNamed ? -0.5 : -1.5) : 0 }
        }
    }

    /// State of a token in layer n: [n, id of the token].
    func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) throws -> [[[Float]]]
    {
        replies.map { reply in
            layers.map { layer in reply.flatMap { [Float(layer), Float($0)] } }
        }
    }
}

enum Stub {
    static let info: ModelInfo = {
        let json = """
            {"name": "double", "path": "/nowhere", "architecture": "llama", "parameterCount": 1,
             "quantization": "F32", "fileBytes": 1, "layerCount": 4, "embeddingWidth": 2,
             "vocabularySize": 272, "contextLength": 4096, "fingerprint": "f00d"}
            """
        return try! JSONDecoder().decode(ModelInfo.self, from: Data(json.utf8))
    }()

    static let template = """
        {%- for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}\
        {%- endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """

    static func model(
        context: Int = 4096, template: String? = Stub.template,
        tokenizer: ByteTokenizer = ByteTokenizer()
    ) throws -> LoadedModel {
        LoadedModel(
            info: info, contextLength: context, tokenizer: tokenizer,
            chatRenderer: try template.map { try ChatFormat(source: $0, tokenizer: tokenizer) },
            chatTemplateHash: template.map { SHA256.hexDigest(of: $0) })
    }
}

/// A folder that goes away with the test.
final class Scratch: Sendable {
    let path: String
    var paths: Paths { Paths(root: path) }

    init() throws {
        path = NSTemporaryDirectory() + "riposte-test-\(UInt64.random(in: 0 ... .max))"
        try AtomicFile.makeFolder(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try AtomicFile.write(text, to: file)
        return file
    }
}

/// A workspace over a scripted generator.
struct Bench {
    let scratch: Scratch
    let generator = ScriptedGenerator()
    let workspace: Workspace

    init(context: Int = 4096, rewardTrainer: (any RewardTrainer)? = nil) async throws {
        scratch = try Scratch()
        let generator = generator
        let model = try Stub.model(context: context)
        let inference = InferenceActor { _, _, _ in (model, generator) }
        workspace = try Workspace(
            paths: scratch.paths, inference: inference, rewardTrainer: rewardTrainer)
        let file = try scratch.write("", to: "double.gguf")
        try await workspace.loadModel(file)
    }

    func template(_ name: String) throws -> Template { try workspace.templates.template(name) }

    /// A conversation with one user message.
    func conversation(_ text: String = "hello") throws -> Conversation {
        let made = try workspace.store.createConversation()
        try workspace.store.append(text, role: .user, to: made.id)
        return try workspace.store.conversation(made.id)
    }

    /// Runs a reply to its end.
    func run(_ request: ReplyRequest) async throws -> [ReplyEvent] {
        var events: [ReplyEvent] = []
        for await event in try workspace.reply(request).events { events.append(event) }
        return events
    }

    func board(_ events: [ReplyEvent]) throws -> Board {
        for case .started(let board, _) in events { return try workspace.store.board(board.id) }
        throw EngineError.nothingToAnswer
    }
}
