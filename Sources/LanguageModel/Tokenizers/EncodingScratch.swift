/// The working memory of one call to encode; kept between calls for its word cache.
// Unchecked: a call takes it out of the tokenizer's pool and puts it back at its end, so
// that no two threads ever have the same one.
final class EncodingScratch: @unchecked Sendable {
    var symbols: [Symbol] = []
    var merger = PairMerger()
    var cache = WordCache()
    var lattice = UnigramLattice()
}
