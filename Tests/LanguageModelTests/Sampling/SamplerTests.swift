import Foundation
import Testing

@testable import LanguageModel

/// A case of Goldens/sampling.json, written by Tests/Scripts/sampling_tables.py.
struct SamplingCase: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let logits: [Float]
    let recent: [TokenID]
    let mask: [TokenID]?
    let endOfGeneration: [TokenID]
    let options: SamplingOptions
    let expected: [[Double]]

    var testDescription: String { name }

    static func load() throws -> [SamplingCase] {
        let url = try #require(
            Bundle.module.url(forResource: "Goldens/sampling", withExtension: "json"))
        return try JSONDecoder().decode([SamplingCase].self, from: Data(contentsOf: url))
    }

    var tokenMask: TokenMask? {
        guard let mask else { return nil }
        var result = TokenMask(vocabularySize: logits.count)
        for id in mask { result[id] = true }
        return result
    }

    func sampler(seed: UInt64) -> Sampler {
        Sampler(
            options: options, seed: seed, vocabularySize: logits.count,
            endOfGeneration: Set(endOfGeneration))
    }

    func sample(_ sampler: Sampler) -> TokenID {
        var row = logits
        return row.withUnsafeMutableBufferPointer { row in
            recent.withUnsafeBufferPointer { recent in
                sampler.sample(logits: row, recent: recent, filter: tokenMask)
            }
        }
    }

    func distribution(_ sampler: Sampler) -> [(id: TokenID, probability: Double)] {
        var row = logits
        return row.withUnsafeMutableBufferPointer { row in
            recent.withUnsafeBufferPointer { recent in
                sampler.distribution(logits: row, recent: recent, filter: tokenMask)
            }
        }
    }
}

@Suite struct SamplerTests {
    @Test(arguments: try SamplingCase.load())
    func distributionEqualsTheTable(_ item: SamplingCase) {
        let actual = item.distribution(item.sampler(seed: 1))
        #expect(Set(actual.map(\.id)) == Set(item.expected.map { TokenID($0[0]) }))
        let expected = Dictionary(
            uniqueKeysWithValues: item.expected.map { (TokenID($0[0]), $0[1]) })
        for (id, probability) in actual {
            #expect(abs(probability - (expected[id] ?? 0)) < 2e-5, "token \(id)")
        }
    }

    @Test(arguments: try SamplingCase.load())
    func drawsFollowTheDistribution(_ item: SamplingCase) {
        // A chi-squared statistic over the tokens expected at least five times; its limit of
        // mean + 6 standard deviations is far above what a right sampler gives.
        guard item.options.mirostat.tau == 0, item.options.minTokens == 0 else { return }
        let draws = 4000
        let sampler = item.sampler(seed: 99)
        var counts: [TokenID: Int] = [:]
        for _ in 0..<draws { counts[item.sample(sampler), default: 0] += 1 }
        let allowed = Set(item.expected.map { TokenID($0[0]) })
        #expect(counts.keys.allSatisfy(allowed.contains))
        var statistic = 0.0
        var degrees = 0.0
        for entry in item.expected {
            let expected = entry[1] * Double(draws)
            guard expected >= 5 else { continue }
            let difference = Double(counts[TokenID(entry[0])] ?? 0) - expected
            statistic += difference * difference / expected
            degrees += 1
        }
        #expect(statistic <= degrees + 6 * (2 * degrees).squareRoot())
    }

    @Test func seedDecidesTheText() throws {
        let item = try #require(SamplingCase.load().first { $0.name == "600 tokens, top-p" })
        func text(_ seed: UInt64) -> [TokenID] {
            let sampler = item.sampler(seed: seed)
            return (0..<50).map { _ in item.sample(sampler) }
        }
        #expect(text(5) == text(5))
        #expect(Set((0..<8).map(text)).count == 8)
    }

    @Test func randomStreamIsFixed() {
        // xoshiro256++ after splitmix64, from an independent implementation in Python.
        var random = RandomSource(seed: 42)
        #expect(random.next() == 0xD076_4D4F_4476_689F)
        #expect(random.next() == 0x519E_4174_576F_3791)
        #expect(random.next() == 0xFBE0_7CFB_0C24_ED8C)
    }

    @Test func endOfGenerationIsPossibleAfterMinTokens() throws {
        var options = SamplingOptions()
        options.temperature = 0
        options.minTokens = 2
        let sampler = Sampler(
            options: options, seed: 0, vocabularySize: 3, endOfGeneration: [2])
        let drawn = (0..<3).map { _ in
            var row: [Float] = [1, 2, 9]
            return row.withUnsafeMutableBufferPointer {
                sampler.sample(logits: $0, recent: UnsafeBufferPointer(start: nil, count: 0))
            }
        }
        #expect(drawn == [1, 1, 2])
    }

    @Test func mirostatHoldsTheSurpriseNearTau() {
        var options = SamplingOptions()
        options.temperature = 1
        options.mirostat.tau = 3
        let size = 2000
        let sampler = Sampler(options: options, seed: 3, vocabularySize: size)
        let logits = (0..<size).map { -Float($0 + 1).squareRoot() * 0.3 }
        var total = 0.0
        for step in 0..<600 {
            var row = logits
            let id = row.withUnsafeMutableBufferPointer {
                sampler.sample(logits: $0, recent: UnsafeBufferPointer(start: nil, count: 0))
            }
            let logProbability = logits.withUnsafeBufferPointer {
                Sampler.logProbability(of: id, in: $0)
            }
            if step >= 200 { total -= Double(logProbability) / log(2) }
        }
        // The model's own surprise is above the truncated distribution's by the mass cut off.
        #expect(abs(total / 400 - 3) < 2.5)
    }

    @Test func impossibleLogitsStayInsideTheMask() {
        let sampler = Sampler(options: SamplingOptions(), seed: 0, vocabularySize: 70)
        var mask = TokenMask(vocabularySize: 70)
        mask[66] = true
        for value: Float in [.nan, -.infinity] {
            var row = [Float](repeating: value, count: 70)
            let id = row.withUnsafeMutableBufferPointer {
                sampler.sample(
                    logits: $0, recent: UnsafeBufferPointer(start: nil, count: 0), filter: mask)
            }
            #expect(id == 66)
        }
    }

    @Test func logProbabilitiesAreLogSoftmax() {
        var random = RandomSource(seed: 8)
        for count in [1, 7, 16, 33, 1000, 5003] {
            let logits = (0..<count).map { _ in Float(random.unit() * 60 - 40) }
            let maximum = Double(logits.max()!)
            let normalizer =
                maximum + log(logits.reduce(0.0) { $0 + exp(Double($1) - maximum) })
            logits.withUnsafeBufferPointer { row in
                for id in stride(from: 0, to: count, by: max(1, count / 20)) {
                    let actual = Sampler.logProbability(of: TokenID(id), in: row)
                    #expect(abs(Double(actual) - (Double(row[id]) - normalizer)) < 2e-5)
                }
                let top = Sampler.top(5, in: row)
                let sorted = row.indices.sorted { (row[$0], $1) > (row[$1], $0) }.prefix(5)
                #expect(top.map { Int($0.id) } == Array(sorted))
            }
        }
    }

    @Test func optionsReadOldRecords() throws {
        let old = #"{"temperature":0.2,"topK":7,"topP":0.5,"minP":0,"repetitionPenalty":1.1}"#
        let options = try JSONDecoder().decode(SamplingOptions.self, from: Data(old.utf8))
        #expect(options.topK == 7 && options.typicalP == 1 && options.repetitionWindow == 64)
        let again = try JSONDecoder().decode(
            SamplingOptions.self, from: JSONEncoder().encode(options))
        #expect(again == options)
    }
}
