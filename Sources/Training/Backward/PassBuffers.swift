/// The memory of a pass: what each layer's forward leaves for its backward, and working space.
struct PassBuffers {
    typealias Pointer = UnsafeMutablePointer<Float>

    /// What a layer's forward leaves for its backward.
    struct Tape {
        /// The stream at the block's start, and between attention and feed-forward.
        var input: Pointer
        var middle: Pointer
        var query: Pointer
        var key: Pointer
        var value: Pointer
        /// Before the norm of queries and keys, where there is one.
        var rawQuery: Pointer?
        var rawKey: Pointer?
        var attention: Pointer
        /// Before the norms after attention and feed-forward, where there are any.
        var attentionOut: Pointer?
        var feedForwardOut: Pointer?
        var gate: Pointer
        var up: Pointer
        /// A x of the four groups: [rows, modules · rank].
        var low: [Pointer]
    }

    /// Rows there is room for.
    let capacity: Int
    let tapes: [Tape]
    let stream: Pointer
    let normed: Pointer
    let out: Pointer
    let branch: Pointer
    /// Room for the wider of a feed-forward's hidden row and all queries.
    let hidden: Pointer
    let wide: Pointer
    let key: Pointer
    let value: Pointer
    let low: Pointer
    private let memory: FloatBuffer

    /// - Parameter tapes: the number of layers, or 1 where no backward follows.
    init(body: FrozenBody, layout: AdapterLayout, capacity: Int, tapes count: Int) {
        let architecture = body.architecture
        let width = architecture.width
        let queryWidth = body.layers.map { $0.query.outputs }.max() ?? 0
        let keyWidth = body.layers.map { $0.key.outputs }.max() ?? 0
        let hiddenWidth = body.layers.map(\.hiddenWidth).max() ?? 0
        let hasHeadNorm = body.layers.contains { $0.queryNorm != nil }
        let hasPostNorm = body.layers.contains { $0.postAttentionNorm != nil }
        let lowWidths = AdapterLayout.groups.map { $0.count * layout.rank }
        let widest = max(queryWidth, hiddenWidth)

        var tapeWidth = 2 * width + 2 * queryWidth + 2 * keyWidth + 2 * hiddenWidth
        tapeWidth += lowWidths.reduce(0, +)
        if hasHeadNorm { tapeWidth += queryWidth + keyWidth }
        if hasPostNorm { tapeWidth += 2 * width }
        let workWidth = 4 * width + 2 * widest + 2 * keyWidth + 3 * layout.rank
        // Each part starts on a cache line of its own.
        let parts = count * (9 + 4 + 4) + 9
        memory = FloatBuffer(count: capacity * (count * tapeWidth + workWidth) + parts * 16 + 16)
        self.capacity = capacity

        var next = memory.pointer
        func take(_ width: Int) -> Pointer {
            let address = (UInt(bitPattern: next) + 63) & ~63
            let start = Pointer(bitPattern: address)!
            next = start + capacity * width
            return start
        }
        tapes = (0..<count).map { _ in
            Tape(
                input: take(width), middle: take(width), query: take(queryWidth),
                key: take(keyWidth), value: take(keyWidth),
                rawQuery: hasHeadNorm ? take(queryWidth) : nil,
                rawKey: hasHeadNorm ? take(keyWidth) : nil, attention: take(queryWidth),
                attentionOut: hasPostNorm ? take(width) : nil,
                feedForwardOut: hasPostNorm ? take(width) : nil, gate: take(hiddenWidth),
                up: take(hiddenWidth), low: lowWidths.map { take($0) })
        }
        stream = take(width)
        normed = take(width)
        out = take(width)
        branch = take(width)
        hidden = take(widest)
        wide = take(widest)
        key = take(keyWidth)
        value = take(keyWidth)
        low = take(3 * layout.rank)
    }
}
