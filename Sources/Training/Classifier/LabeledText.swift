import Engine
import Foundation
import JSON
import LanguageModel

/// A text and what it is called.
public struct LabeledText: Sendable, Equatable, Hashable {
    public var text: String
    public var label: String

    public init(text: String, label: String) {
        self.text = text
        self.label = label
    }

    /// Reads a TSV file (text, tab, label; a first line that names the columns `label` and
    /// `text`, `sentence` or any other is left out) or JSONL of `{"text", "label"}`.
    ///
    /// - Parameter names: spells labels out, such as `["0": "negative"]`.
    /// - Throws: ``EngineError/invalidFile(path:line:reason:)``.
    public static func read(contentsOf path: String, names: [String: String] = [:]) throws
        -> [LabeledText]
    {
        guard let data = FileManager.default.contents(atPath: Paths.expand(path)) else {
            throw EngineError.file(path: path, reason: "the file cannot be read")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw EngineError.invalidFile(path: path, line: nil, reason: "it is not UTF-8")
        }
        let isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".json")
        var found: [LabeledText] = []
        var textColumn = 0
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            func fail(_ reason: String) -> EngineError {
                .invalidFile(path: path, line: number + 1, reason: reason)
            }
            let line = line.hasSuffix("\r") ? line.dropLast() : line
            if line.allSatisfy(\.isWhitespace) { continue }
            if isJSON {
                guard let json = try? JSONValue(parsing: Data(line.utf8)),
                    let text = (json["text"] ?? json["sentence"])?.string,
                    let label = json["label"].flatMap({ $0.string ?? $0.int.map(String.init) })
                else { throw fail("an object with text and label is expected") }
                found.append(.init(text: text, label: names[label] ?? label))
                continue
            }
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
                .map { String($0).trimmingCharacters(in: .whitespaces) }
            guard cells.count == 2 else {
                throw fail("a text, a tab and a label are expected, not \(cells.count) columns")
            }
            if number == 0, let column = cells.firstIndex(of: "label") {
                textColumn = 1 - column
                continue
            }
            let label = cells[1 - textColumn]
            found.append(.init(text: cells[textColumn], label: names[label] ?? label))
        }
        return found
    }

    /// Labels in the order of the alphabet.
    ///
    /// - Throws: ``TrainingError`` where there are fewer than two, or one has fewer than
    ///   `needed` examples.
    static func labels(_ texts: [LabeledText], needed: Int) throws -> [String] {
        var counts: [String: Int] = [:]
        for item in texts { counts[item.label, default: 0] += 1 }
        let labels = counts.keys.sorted()
        guard labels.count >= 2 else { throw TrainingError.tooFewLabels(found: labels) }
        if let rare = labels.first(where: { counts[$0]! < needed }) {
            throw TrainingError.tooFewExamples(
                label: rare, found: counts[rare]!, needed: needed)
        }
        return labels
    }
}

/// How often a classifier is right, with a 95 % interval bootstrapped over texts.
public struct ClassifierEvaluation: Sendable, Equatable, Codable {
    public var count: Int
    public var accuracy: Double
    public var interval: ClosedRange<Double>?
    /// Mean −log probability of the true label, nats.
    public var logLoss: Double

    /// - Parameters:
    ///   - probabilities: a row of label probabilities for each text.
    ///   - truth: index of the true label of each.
    public init(probabilities: [[Double]], truth: [Int], bootstrap: Bootstrap = Bootstrap()) {
        precondition(probabilities.count == truth.count, "one row a text")
        count = truth.count
        let correct = zip(probabilities, truth).map { row, label -> Double in
            row.indices.max { row[$0] < row[$1] } == label ? 1 : 0
        }
        accuracy = correct.reduce(0, +) / Double(max(1, count))
        interval = bootstrap.ratioInterval(
            values: correct, weights: [Double](repeating: 1, count: count))
        let losses = zip(probabilities, truth).map { row, label in
            -logarithm(max(row[label], 1e-12))
        }
        logLoss = losses.reduce(0, +) / Double(max(1, count))
    }
}
