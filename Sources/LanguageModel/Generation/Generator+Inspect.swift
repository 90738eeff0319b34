import CKernels

/// A position of a text under the model.
public struct PositionLogProbability: Sendable {
    public var id: TokenID
    /// Of this token given those before it; nil at the first.
    public var logProbability: Float?
    /// The most probable next tokens.
    public var top: [(id: TokenID, logProbability: Float)]
}

extension Generator {
    /// The log-probability of each id given those before it.
    ///
    /// - Returns: an element a position: `logProbability` of `ids[i]` given `ids[..<i]` (nil
    ///   at 0), and the `top` most probable next tokens.
    public func logProbabilities(of ids: [TokenID], top: Int = 0) throws
        -> [PositionLogProbability]
    {
        try check(ids)
        let sequence = CachedSequence(
            pool: prefixes.pool, capacity: model.contextLength,
            usesLongRope: usesLongRope(length: ids.count))
        var result: [PositionLogProbability] = []
        result.reserveCapacity(ids.count)
        var next: Float?
        let form = form(reading: ids.count)
        var first = 0
        while first < ids.count {
            let length = min(Self.maxLogitRows, ids.count - first)
            try sequence.append(ids[first..<first + length])
            runner.run(
                (first..<first + length).map { row(sequence, $0, logits: true) }, form: form)
            for index in 0..<length {
                let logits = logitRow(index)
                let total = logSumExp(logits)
                let position = first + index
                result.append(
                    PositionLogProbability(
                        id: ids[position], logProbability: next,
                        top: Sampler.top(
                            top, in: logits, normalizer: total)))
                next = position + 1 < ids.count ? logits[Int(ids[position + 1])] - total : nil
            }
            first += length
        }
        return result
    }

    /// Natural-log probability of each id of each continuation after the prompt. The prompt is
    /// read once.
    public func logProbabilities(
        ofContinuations continuations: [[TokenID]], after prompt: [TokenID]
    ) throws -> [[Float]] {
        try check(prompt)
        for continuation in continuations { try check(prompt + continuation) }
        guard !prompt.isEmpty else {
            throw LanguageModelError.invalidRequest("There is no prompt to continue")
        }
        var result = continuations.map { _ in [Float]() }
        for (isLong, members) in groups(of: continuations, after: prompt) {
            let base = try prefixes.sequence(
                for: prompt, limit: prompt.count - 1, usesLongRope: isLong)
            _ = try read(prompt, into: base)
            prefixes.keep(base)
            let first = logitRow(0)
            let total = logSumExp(first)
            for member in members {
                result[member] = continuations[member].first.map { [first[Int($0)] - total] } ?? []
            }
            try forEachPass(
                of: members.map { continuations[$0].dropLast() }, after: base, logits: true
            ) { pass in
                for (index, place) in pass.enumerated() {
                    let logits = logitRow(index)
                    let member = members[place.reply]
                    let next = continuations[member][place.token + 1]
                    result[member].append(logits[Int(next)] - logSumExp(logits))
                }
            }
        }
        return result
    }

    /// Hidden states of replies to one prompt, which is read once for all of them.
    ///
    /// `layers` counts blocks: n is the residual stream after n blocks; `layerCount` is the
    /// state after the final norm.
    /// - Returns: for each reply, for each layer asked for, the states of its tokens, row by
    ///   row: `replies[r].count * embeddingWidth` floats.
    public func hiddenStates(prompt: [TokenID], replies: [[TokenID]], layers: [Int]) throws
        -> [[[Float]]]
    {
        try check(prompt)
        for reply in replies { try check(prompt + reply) }
        guard Set(layers).count == layers.count,
            layers.allSatisfy({ (0...model.architecture.layerCount).contains($0) })
        else {
            throw LanguageModelError.invalidRequest(
                "Layers must be different and between 0 and \(model.architecture.layerCount)")
        }
        let width = model.architecture.width
        var result = replies.map { reply in
            layers.map { _ in [Float](repeating: 0, count: reply.count * width) }
        }
        let states = UnsafeMutablePointer<Float>.allocate(
            capacity: max(1, layers.count) * Self.maxRows * width)
        defer { states.deallocate() }
        for (isLong, members) in groups(of: replies, after: prompt) {
            let base = try prefixes.sequence(for: prompt, limit: prompt.count, usesLongRope: isLong)
            _ = try read(prompt, into: base)
            if !prompt.isEmpty { prefixes.keep(base, isBrief: true) }
            try forEachPass(
                of: members.map { replies[$0][...] }, after: base, logits: false,
                capture: (layers, states)
            ) { pass in
                for slot in layers.indices {
                    for (index, place) in pass.enumerated() {
                        let source = states + (slot * pass.count + index) * width
                        result[members[place.reply]][slot].withUnsafeMutableBufferPointer {
                            ($0.baseAddress! + place.token * width)
                                .update(from: source, count: width)
                        }
                    }
                }
            }
        }
        return result
    }

    /// Indices of the texts that with the prompt are short, and of those that are long enough
    /// for LongRoPE's second set, which the prompt must then be read with as well.
    private func groups(of texts: [[TokenID]], after prompt: [TokenID]) -> [(Bool, [Int])] {
        [false, true].compactMap { isLong in
            let members = texts.indices.filter {
                usesLongRope(length: prompt.count + texts[$0].count) == isLong
            }
            return members.isEmpty ? nil : (isLong, members)
        }
    }

    /// A token of one of several replies.
    private struct Place {
        var reply: Int
        var token: Int
    }

    /// Runs the tokens of several replies to one prompt, as many in a pass as fit.
    private func forEachPass(
        of replies: [ArraySlice<TokenID>], after base: CachedSequence, logits: Bool,
        capture: (layers: [Int], states: UnsafeMutablePointer<Float>)? = nil,
        body: ([Place]) -> Void
    ) throws {
        let limit = logits ? Self.maxLogitRows : Self.maxRows
        var places: [Place] = []
        var rows: [ForwardRunner.Row] = []
        var sequences: [CachedSequence] = []
        func flush() {
            guard !rows.isEmpty else { return }
            // As prompts are, also if they are few: a reply's numbers do not depend on the others.
            runner.run(
                rows, form: model.plan.promptForm,
                capture: capture.map { .init(layers: $0.layers, states: $0.states) })
            body(places)
            places = []
            rows = []
            // Sequences that are complete need no cache any more.
            sequences = sequences.suffix(1)
        }
        for (index, reply) in replies.enumerated() where !reply.isEmpty {
            let sequence = try base.fork(length: base.count)
            sequences.append(sequence)
            try sequence.append(reply)
            for token in reply.indices {
                rows.append(row(sequence, base.count + token, logits: logits))
                places.append(Place(reply: index, token: token))
                if rows.count == limit { flush() }
            }
        }
        flush()
    }

    /// Attention of one token over those before it and itself.
    ///
    /// - Returns: [layer][head][position 0 ... position], probabilities that sum to 1.
    public func attention(of position: Int, in ids: [TokenID]) throws -> [[[Float]]] {
        try check(ids)
        guard ids.indices.contains(position) else {
            throw LanguageModelError.invalidRequest("There is no token at position \(position)")
        }
        let prefix = Array(ids[...position])
        let sequence = try prefixes.sequence(
            for: prefix, limit: position, usesLongRope: usesLongRope(length: prefix.count))
        if position > 0 { _ = try read(Array(prefix.dropLast()), into: sequence) }
        let length = position + 1
        let heads = model.plan.headCount
        let layers = model.architecture.layerCount
        let output = UnsafeMutablePointer<Float>.allocate(capacity: layers * heads * length)
        output.initialize(repeating: 0, count: layers * heads * length)
        defer { output.deallocate() }
        try sequence.append(ids[position])
        runner.setProbe(AttentionProbe(row: 0, heads: heads, output: output, length: length))
        runner.run([row(sequence, position, logits: false)])
        runner.setProbe(nil)
        prefixes.keep(sequence)
        return (0..<layers).map { layer in
            (0..<model.architecture.layers[layer].headCount).map { head in
                Array(
                    UnsafeBufferPointer(
                        start: output + (layer * heads + head) * length, count: length))
            }
        }
    }
}
