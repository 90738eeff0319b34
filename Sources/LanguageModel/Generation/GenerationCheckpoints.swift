/// Looks at the candidates of a generation while they are written, and may end some of them.
public struct GenerationCheckpoints {
    /// A candidate as it stands.
    public struct Partial: Sendable, Equatable {
        /// Its index in the request; added ones count on from there.
        public var candidate: Int
        public var ids: [TokenID]
        public var isFinished: Bool

        public init(candidate: Int, ids: [TokenID], isFinished: Bool) {
            self.candidate = candidate
            self.ids = ids
            self.isFinished = isFinished
        }
    }

    /// Tokens, ascending: the candidates are looked at once all that run have so many.
    public var lengths: [Int]
    /// Given all candidates, says which of those that run end now, as
    /// ``FinishReason/hopeless``. It is called on the generation's thread between two forward
    /// passes, so it may use the generator. What it throws ends the generation without a last
    /// event.
    public var judge: ([Partial]) throws -> Set<Int>

    public init(lengths: [Int], judge: @escaping ([Partial]) throws -> Set<Int>) {
        self.lengths = lengths
        self.judge = judge
    }
}
