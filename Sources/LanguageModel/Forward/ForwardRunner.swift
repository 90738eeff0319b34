import CKernels

/// Buffers of a forward pass and the pass itself.
///
/// A pass takes some rows (a token of a sequence each), writes their keys and values into the
/// cache, and leaves logits for the rows that ask for them. Everything is allocated when the
/// runner is made; a pass allocates nothing.
final class ForwardRunner {
    /// A token to compute: its sequence must already count it.
    struct Row {
        var token: TokenID
        var position: Int32
        var pages: UnsafePointer<UnsafeMutablePointer<UInt8>?>
        /// As its sequence was begun: LongRoPE's second set of frequencies.
        var usesLongRope: Bool
        var wantsLogits: Bool
    }

    /// What to keep of a pass for looking inside and for reward heads.
    struct Capture {
        /// Number of blocks after which the stream is kept; layerCount is after the final norm.
        var layers: [Int]
        /// [layers][rows][width], for all rows of the pass.
        var states: UnsafeMutablePointer<Float>
    }

    let plan: ForwardPlan
    /// Rows of a pass at most, and rows that may ask for logits.
    let maxRows: Int
    let maxLogitRows: Int
    private let arena: Arena
    private let state: UnsafeMutablePointer<PassState>
    private let counters: UnsafeMutablePointer<rk_counter>
    private let counterCount: Int
    private let captureSlots: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>

    /// Logits of the rows that asked, in their order: `vocabularySize` floats each.
    var logits: UnsafeMutablePointer<Float> { state.pointee.logits }

    init(plan: ForwardPlan, contextLength: Int, maxRows: Int, maxLogitRows: Int) throws {
        self.plan = plan
        self.maxRows = maxRows
        self.maxLogitRows = maxLogitRows
        let shape = PassShape(
            plan: plan, contextLength: contextLength, rows: maxRows, logitRows: maxLogitRows)
        arena = try Arena(byteCount: shape.byteCount, usesLargePages: false)
        // Each layer shares out work at most five times, each expert twice more.
        let shares = 5 + 2 * (plan.architecture.experts?.count ?? 0)
        counterCount = (plan.architecture.layerCount * shares + 2) * Int(plan.team.size)
        counters = .allocate(capacity: counterCount)
        captureSlots = .allocate(capacity: plan.architecture.layerCount + 1)
        state = .allocate(capacity: 1)
        state.initialize(to: shape.makeState(plan: plan, in: arena, counters: counters))
    }

    deinit {
        state.deallocate()
        counters.deallocate()
        captureSlots.deallocate()
    }

    /// Runs the model over the rows. Rows of one sequence come in the order of their positions.
    /// - Returns: false when `control` was cancelled meanwhile: then the pass has ended between two
    ///   layers, and neither logits nor what it wrote into the cache is of use.
    @discardableResult
    func run(
        _ rows: [Row], form: rk_inputs = RK_INPUTS_INT, capture: Capture? = nil,
        control: GenerationControl? = nil
    ) -> Bool {
        precondition(!rows.isEmpty && rows.count <= maxRows)
        let pass = state
        var logitRows: Int32 = 0
        for (index, row) in rows.enumerated() {
            pass.pointee.rows[index] = rk_row(
                pages: row.pages, position: row.position)
            pass.pointee.tokens[index] = row.token
            pass.pointee.usesLongRope[index] = row.usesLongRope
            if row.wantsLogits {
                pass.pointee.logitRows[Int(logitRows)] = Int32(index)
                logitRows += 1
            }
        }
        precondition(logitRows <= maxLogitRows)
        pass.pointee.rowCount = Int32(rows.count)
        pass.pointee.logitRowCount = logitRows
        pass.pointee.form = form
        pass.pointee.planAttention()
        pass.pointee.planBlocks()
        for index in 0...plan.architecture.layerCount { captureSlots[index] = nil }
        if let capture {
            for (slot, layer) in capture.layers.enumerated() {
                captureSlots[layer] = capture.states + slot * rows.count * plan.architecture.width
            }
        }
        pass.pointee.capture = captureSlots
        for index in 0..<counterCount { rk_counter_reset(counters + index) }
        pass.pointee.isStopped.pointee = false
        pass.pointee.control = control.map { .passUnretained($0) }
        withExtendedLifetime(control) {
            plan.team.run(pass) { context, thread, threads in
                context!.assumingMemoryBound(to: PassState.self).pointee
                    .run(thread: thread, threads: threads)
            }
        }
        return !pass.pointee.isStopped.pointee
    }

    /// Makes the next passes leave attention probabilities, until nil is set.
    func setProbe(_ probe: AttentionProbe?) { state.pointee.probe = probe }
}

/// Asks a pass for attention probabilities: of one row, in every layer and head.
struct AttentionProbe {
    var row: Int32
    /// Heads of the layer with the most.
    var heads: Int
    /// [layers][heads][position + 1]
    var output: UnsafeMutablePointer<Float>
    var length: Int
}
