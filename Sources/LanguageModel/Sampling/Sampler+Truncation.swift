import Foundation

/// The truncating samplers. Each keeps part of `entries[..<entryCount]`; weights keep their
/// scale, and everything that needs probabilities divides by the total of those left.
extension Sampler {
    func totalWeight() -> Double {
        var total = 0.0
        for index in 0..<entryCount { total += Double(entries[index].weight) }
        return total
    }

    /// Keeps the entries that pass, in their order.
    func keep(where passes: (Entry) -> Bool) {
        var kept = 0
        for index in 0..<entryCount where passes(entries[index]) {
            entries[kept] = entries[index]
            kept += 1
        }
        entryCount = kept
    }

    /// The weights at the temperature asked for, from the logits.
    func applyTemperature() {
        var maximum = -Float.infinity
        for index in 0..<entryCount { maximum = max(maximum, entries[index].logit) }
        for index in 0..<entryCount {
            entries[index].weight = exp((entries[index].logit - maximum) / options.temperature)
        }
    }

    func keepAbove(_ share: Float) {
        var largest: Float = 0
        for index in 0..<entryCount { largest = max(largest, entries[index].weight) }
        keep { $0.weight >= share * largest }
    }

    /// Locally typical sampling: nearest to the entropy first, until the mass is reached.
    func keepTypical() {
        let total = totalWeight()
        var entropy = 0.0
        for index in 0..<entryCount where entries[index].weight > 0 {
            let probability = Double(entries[index].weight) / total
            entropy -= probability * log(probability)
        }
        for index in 0..<entryCount {
            let surprise = -log(Double(entries[index].weight) / total)
            entries[index].key = Float(abs(surprise - entropy))
        }
        keepMass(options.typicalP, total: total)
        for index in 0..<entryCount { entries[index].key = -entries[index].weight }
    }

    func excludeTopChoices() {
        guard Float(random.unit()) < options.xtc.probability else { return }
        let total = totalWeight()
        let threshold = Double(options.xtc.threshold) * total
        var spared: Entry?
        var above = 0
        for index in 0..<entryCount where Double(entries[index].weight) >= threshold {
            above += 1
            let entry = entries[index]
            if let least = spared, (least.weight, entry.id) <= (entry.weight, least.id) { continue }
            spared = entry
        }
        guard above > 1, let spared else { return }
        keep { Double($0.weight) < threshold || $0.id == spared.id }
    }

    /// Keeps the fewest entries, smallest key first (ties: lowest id), whose weight reaches
    /// `mass * total`; at least one. A quickselect on weight instead of rank, so it takes time
    /// linear in the number of entries.
    func keepMass(_ mass: Float, total: Double) {
        guard entryCount > 1 else { return }
        var needed = Double(max(mass, 0)) * total
        var low = 0
        var high = entryCount
        // Invariant: everything before `low` is kept; the cut lies in low..<high.
        while high - low > 1 {
            let pivot = medianOfThree(low, low + (high - low) / 2, high - 1)
            var below = 0.0
            var middle = low
            for index in low..<high where precedes(entries[index], pivot) {
                below += Double(entries[index].weight)
                swapEntries(index, middle)
                middle += 1
            }
            // entries[low..<middle] precede the pivot, which is somewhere at or after middle.
            if below >= needed, middle > low {
                high = middle
                continue
            }
            needed -= below
            for index in middle..<high where entries[index].id == pivot.id {
                swapEntries(index, middle)
                break
            }
            needed -= Double(pivot.weight)
            low = middle + 1
            if needed <= 0 {
                entryCount = low
                return
            }
        }
        entryCount = max(high, 1)
    }

    @inline(__always)
    private func precedes(_ a: Entry, _ b: Entry) -> Bool {
        a.key < b.key || (a.key == b.key && a.id < b.id)
    }

    private func medianOfThree(_ a: Int, _ b: Int, _ c: Int) -> Entry {
        var (x, y, z) = (entries[a], entries[b], entries[c])
        if precedes(y, x) { swap(&x, &y) }
        if precedes(z, y) { swap(&y, &z) }
        if precedes(y, x) { swap(&x, &y) }
        return y
    }

    @inline(__always)
    private func swapEntries(_ a: Int, _ b: Int) {
        let entry = entries[a]
        entries[a] = entries[b]
        entries[b] = entry
    }
}
