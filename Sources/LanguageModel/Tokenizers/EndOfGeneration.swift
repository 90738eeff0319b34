/// Which tokens end a reply. Files name one; models use more, known by their spelling.
enum EndOfGeneration {
    private static let spellings: Set<String> = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>",
        "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>",
        "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>",
        "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[", "<|fim_pad|>", "<fim-pad>",
        "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>",
        "<reponame>", "<|file_sep|>",
    ]
    /// gpt-oss writes these around the text it shows.
    private static let shown: Set<String> = [
        "<|channel|>", "<|message|>", "<|start|>", "<|constrain|>",
    ]
    private static let longest = 32

    /// The ids that end a reply: the declared ones, and those whose spelling says so, which
    /// are control tokens whatever the file calls them; where `controlOnly`, the file's word
    /// on what is a control token is final.
    static func tokens(
        in texts: ByteStrings, kinds: inout [TokenKind], declared: [TokenID],
        controlOnly: Bool = false
    ) -> Set<TokenID> {
        var found: [String: TokenID] = [:]
        for id in 0..<texts.count {
            let text = texts[id]
            guard let first = text.first, text.count <= longest,
                first == UInt8(ascii: "<") || first == UInt8(ascii: "[")
                    || first == UInt8(ascii: "_")
            else { continue }
            if controlOnly && kinds[id] != .control { continue }
            let spelling = texts.text(of: id)
            // `</s>` or `<PAD>` may be text that a model has seen often, and a token by merges.
            if kinds[id] == .normal, !spelling.contains(where: { "|｜_".contains($0) }) { continue }
            if spellings.contains(spelling) {
                found[spelling] = TokenID(id)
            } else if shown.contains(spelling) {
                kinds[id] = .userDefined
            }
        }
        // Where a model returns or calls by tokens of its own, <|end|> ends a part only.
        let endsParts =
            (found["<|return|>"] != nil && found["<|call|>"] != nil)
            || (found["<|flush|>"] != nil
                && (found["<|call|>"] != nil || found["<|calls|>"] != nil))
        if endsParts, let end = found.removeValue(forKey: "<|end|>") {
            kinds[Int(end)] = .userDefined
        }
        if found["<|tool_response>"] != nil, let end = found.removeValue(forKey: "</s>") {
            kinds[Int(end)] = .normal
        }
        for id in found.values { kinds[Int(id)] = .control }
        return Set(found.values).union(declared)
    }
}
