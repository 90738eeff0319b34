import LanguageModel

/// Gives the attention of a token; a ``Generator`` or a test's double.
public protocol AttentionSource {
    /// As ``Generator/attention(of:in:)``: [layer][head][position 0 … position].
    func attention(of position: Int, in ids: [TokenID]) throws -> [[[Float]]]
}

extension Generator: AttentionSource {}

extension InferenceActor {
    /// What the token at `position` attends to, by layer and head.
    public func attention(of position: Int, in ids: [TokenID]) throws -> [[[Float]]] {
        try withGenerator { generator in
            guard let source = generator as? any AttentionSource else {
                throw EngineError.inference(reason: "This model does not report its attention.")
            }
            return try source.attention(of: position, in: ids)
        }
    }
}
