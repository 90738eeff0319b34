import Testing

@testable import LanguageModel

/// Which tokens may come next, and where a reply may end.
extension TokenConstraintTests {
    @Test func tokensAskedOneByOneAreThoseOfTheMask() throws {
        // Draws of two samplers of one seed: one asks the grammar about the probable tokens,
        // the other gets the mask.
        let grammars = [
            Grammar.json, try Grammar(gbnf: ##"root ::= ([^"\\\x00]{1,40} | "12" ".5")+"##),
            try Grammar(gbnf: ##"root ::= ([a-z ]{12,40} | "é"{30}) "!""##),
        ]
        var penalized = SamplingOptions()
        penalized.topK = 7
        penalized.repetitionPenalty = 1.3
        penalized.minTokens = 4
        var greedy = SamplingOptions()
        greedy.temperature = 0
        var open = SamplingOptions()
        open.topK = 0
        var random = RandomSource(seed: 12)
        var answeredWithoutMask = 0
        for grammar in grammars {
            for options in [SamplingOptions(), penalized, greedy, open] {
                let samplers = (0..<2).map { _ in
                    Sampler(
                        options: options, seed: 5,
                        vocabularySize: ToyVocabulary.trie.vocabularySize,
                        endOfGeneration: [ToyVocabulary.end])
                }
                var asked = try TokenConstraint(grammar, trie: ToyVocabulary.trie).start()
                var masked = try TokenConstraint(grammar, trie: ToyVocabulary.trie).start()
                var ids: [TokenID] = []
                for _ in 0..<40 {
                    let mask = masked.mask()
                    // Now and then a forbidden token is the most probable one.
                    let logits = (0..<TokenID(mask.vocabularySize)).map { id in
                        Float(random.unit() * 6) + (mask[id] ? 4 : 0)
                    }
                    let drawn = [logits, logits].enumerated().map { index, logits in
                        var row = logits
                        return row.withUnsafeMutableBufferPointer { row in
                            ids.withUnsafeBufferPointer { recent in
                                index == 0
                                    ? samplers[0].sample(
                                        logits: row, recent: recent, filter: asked)
                                    : samplers[1].sample(
                                        logits: row, recent: recent, filter: mask)
                            }
                        }
                    }
                    #expect(drawn[0] == drawn[1])
                    if asked.knownMask == nil { answeredWithoutMask += 1 }
                    guard mask[drawn[1]], drawn[1] != ToyVocabulary.end else { break }
                    ids.append(drawn[1])
                    asked.accept(drawn[1])
                    masked.accept(drawn[1])
                }
            }
        }
        #expect(answeredWithoutMask > 100)
    }

    @Test func replyOfLimitedLengthIsWhole() throws {
        // Every limit from the shortest reply on, random tokens: the mask and questions about
        // single tokens agree, and the reply ends whole.
        let grammars = [
            (try Grammar(gbnf: ##"root ::= "(" root ")" | [a-z]{2,9}"##), 2),
            (try Grammar(gbnf: ##"root ::= ("ab" [a-c]{1,3} | "é"{3}){4,18} "!"?"##), 12),
            (
                try Self.schema(
                    ##"""
                    {"type": "object", "required": ["name", "items", "age"], "properties": {
                        "name": {"type": "string", "minLength": 3},
                        "items": {"type": "array", "items": {"type": "object", "required": ["age"],
                            "properties": {"age": {"type": "integer"}}}, "minItems": 2},
                        "age": {"enum": ["positive", "neg"]}}}
                    """##), 56
            ),
        ]
        var random = RandomSource(seed: 21)
        for (grammar, shortest) in grammars {
            let constraint = try TokenConstraint(grammar, trie: ToyVocabulary.trie)
            let start = constraint.start()
            let least = constraint.withCache { $0.shortestEnd(of: $0.startNode()) }
            #expect(least == shortest)
            for limit in Array(least..<least + 30) + [400, 700] {
                var state = start
                for step in 0..<limit where !state.isComplete {
                    state.tokensLeft = limit - step
                    let mask = state.mask()
                    let allowed = Array(mask.ids)
                    var row = [Float](repeating: 0, count: mask.vocabularySize)
                    let all = (0..<TokenID(mask.vocabularySize)).map { $0 }
                    _ = all.withUnsafeBufferPointer { ids in
                        row.withUnsafeMutableBufferPointer {
                            state.exclude(ids, from: $0.baseAddress!)
                        }
                    }
                    #expect(all.filter { row[Int($0)] == 0 } == allowed)
                    guard let id = allowed.randomElement(using: &random) else { break }
                    if id == ToyVocabulary.end { break }
                    state.accept(id)
                }
                #expect(state.canEnd, "limit \(limit)")
            }
        }
        // Fewer tokens than bytes are needed, the longest token each time.
        var state = try TokenConstraint(grammars[2].0, trie: ToyVocabulary.trie).start()
        for left in (1...35).reversed() where !state.isComplete {
            state.tokensLeft = left
            let trie = state.constraint.trie
            let longest = state.mask().ids.max {
                trie.bytes(of: $0).count < trie.bytes(of: $1).count
            }
            let isAllowed = state.accept(try #require(longest))
            #expect(isAllowed)
        }
        #expect(state.isComplete)
    }

    @Test func maskHoldsExactlyTheTokensThatCanFollow() throws {
        // The mask against trying every token, at every place of random replies.
        let grammars = [
            try Grammar(gbnf: ##"root ::= [a-cé漢]+ ("ing" | "x"{2,3})? "\n"*"##), Grammar.json,
            try Grammar(gbnf: ##"root ::= "(" root ")" | [^()"]{0,4}"##),
            // Rounds near to their limits and far from them share masks.
            try Grammar(gbnf: ##"root ::= ([a-z]{12,40} | "é"{30}) "!""##),
            try Grammar(gbnf: ##"root ::= ("ab"? [a-c]{1,3}){14,18}"##),
            Grammar.labels(["positive", "negative", "neutral"], allowsLeadingSpace: true),
        ]
        var walk = RandomSource(seed: 4)
        for grammar in grammars {
            let constraint = try TokenConstraint(grammar, trie: ToyVocabulary.trie)
            for _ in 0..<6 {
                var state = constraint.start()
                for _ in 0..<12 {
                    let mask = state.mask()
                    for id in 0..<TokenID(mask.vocabularySize) {
                        var copy = state
                        let step2 = copy.accept(id) == mask[id]
                        #expect(step2, "token \(id)")
                    }
                    let allowed = (0..<TokenID(mask.vocabularySize)).filter { mask[$0] }
                    guard let id = allowed.randomElement(using: &walk) else { break }
                    state.accept(id)
                    if id == ToyVocabulary.end { break }
                }
            }
        }
    }

    @Test func endOfGenerationIsAllowedExactlyWhereTheGrammarMayEnd() throws {
        let constraint = try TokenConstraint(
            Grammar(gbnf: ##"root ::= "ab" "c"?"##), trie: ToyVocabulary.trie)
        var state = constraint.start()
        #expect(!state.canEnd && !state.mask()[ToyVocabulary.end])
        let step3 = !state.accept(ToyVocabulary.end)
        #expect(step3)
        let step4 = state.accept(TokenID(UInt8(ascii: "a")))
        #expect(step4)
        #expect(!state.canEnd)
        let step5 = state.accept(TokenID(UInt8(ascii: "b")))
        #expect(step5)
        #expect(state.canEnd && !state.isComplete && state.mask()[ToyVocabulary.end])
        var other = state
        let step6 = state.accept(TokenID(UInt8(ascii: "c")))
        #expect(step6)
        #expect(state.canEnd && state.isComplete)
        #expect(state.mask().count == 1)
        let step7 = other.accept(ToyVocabulary.end)
        #expect(step7)
        let step8 = other.isComplete && !other.accept(TokenID(UInt8(ascii: "c")))
        #expect(step8)
    }

    @Test func labelsAreTheOnlyReplies() throws {
        let constraint = try TokenConstraint(
            .labels(["positive", "negative"]), trie: ToyVocabulary.trie)
        var walk = RandomWalk(seed: 2)
        var seen: Set<String> = []
        for _ in 0..<40 {
            let text = walk.text(constraint)
            let bytes = try #require(text)
            seen.insert(String(decoding: bytes, as: UTF8.self))
        }
        #expect(seen == ["positive", "negative"])
    }

    @Test func statesSurviveTheCacheStartingOver() throws {
        // Deep nesting makes more nodes than are kept.
        let constraint = try TokenConstraint(
            Grammar(gbnf: ##"root ::= "(" root ")" | "x""##), trie: ToyVocabulary.trie)
        var deep = constraint.start()
        var shallow = constraint.start()
        let open = TokenID(UInt8(ascii: "("))
        let step9 = shallow.accept(open)
        #expect(step9)
        for _ in 0..<20_000 {
            let step10 = deep.accept(open)
            #expect(step10)
        }
        let step11 = shallow.accept(TokenID(UInt8(ascii: "x")))
        #expect(step11)
        let step12 = shallow.accept(TokenID(UInt8(ascii: ")"))) && shallow.isComplete
        #expect(step12)
        let step13 = deep.accept(TokenID(UInt8(ascii: "x")))
        #expect(step13)
        for _ in 0..<20_000 {
            let step14 = deep.accept(TokenID(UInt8(ascii: ")")))
            #expect(step14)
        }
        #expect(deep.isComplete)
    }
}
