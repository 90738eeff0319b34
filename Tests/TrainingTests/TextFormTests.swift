import Foundation
import LanguageModel
import ChatTemplates
import Testing

@testable import Training

/// One token a byte.
private struct ByteTokenizer: Tokenizer {
    var specialTokens = SpecialTokens()
    let vocabularySize = 257
    let dropsLeadingSpace = false

    func encode(_ prompt: PromptText) -> [TokenID] {
        prompt.spans.flatMap { $0.text.utf8.map { TokenID($0) } }
    }
    func bytes(of id: TokenID) -> [UInt8] { id < 256 ? [UInt8(id)] : [] }
    func displayText(of id: TokenID) -> String { text([id]) }
    func isControl(_ id: TokenID) -> Bool { id == 256 }
    func text(_ ids: [TokenID]) -> String {
        String(decoding: ids.flatMap { bytes(of: $0) }, as: UTF8.self)
    }
}

struct TextFormTests {
    private let tokenizer = ByteTokenizer()

    @Test func textStandsInItsPlace() throws {
        let form = try TextForm("Review: {text}\nMood:")
        #expect(tokenizer.text(form.ids("fine", with: tokenizer)) == "Review: fine\nMood:")
        #expect(form.string == "Review: {text}\nMood:")
        #expect(tokenizer.text(TextForm.plain.ids("fine", with: tokenizer)) == "fine")
        // A text that looks like a form is a text.
        #expect(
            tokenizer.text(form.ids("{text}", with: tokenizer)) == "Review: {text}\nMood:")
    }

    @Test(arguments: ["", "no place", "{text} and {text}", "{TEXT}"])
    func aFormHasOnePlace(_ form: String) {
        #expect(throws: TrainingError.self) { try TextForm(form) }
    }

    @Test func ofALongTextTheEndIsRead() throws {
        let form = try TextForm("R: {text}\nM:")
        let ids = form.ids("0123456789", with: tokenizer, maxTokens: 10)
        #expect(tokenizer.text(ids) == "R: 6789\nM:")
        #expect(ids.count <= 10)
        var beginning = ByteTokenizer()
        beginning.specialTokens = SpecialTokens(bos: 256, addsBOS: true)
        let cut = form.ids("0123456789", with: beginning, maxTokens: 12)
        #expect(cut.first == 256)
        #expect(beginning.text(cut) == "R: 56789\nM:")
        #expect(form.ids("", with: beginning, maxTokens: 3).count == 3)
    }

    /// A classifier without a form was made before there were any, and read the text alone.
    @Test func olderClassifiersReadTextsAlone() throws {
        var beginning = ByteTokenizer()
        beginning.specialTokens = SpecialTokens(bos: 256, addsBOS: true)
        let none: TextForm? = nil
        #expect(beginning.text(none.ids("0123", with: beginning, maxTokens: 3)) == "123")
        #expect(none.ids("0", with: beginning, maxTokens: 3) == [48])
    }

    @Test func formsAreKeptAsText() throws {
        let form = try TextForm("Q: {text}\nA:")
        let data = try JSONEncoder().encode([form])
        #expect(String(decoding: data, as: UTF8.self) == #"["Q: {text}\nA:"]"#)
        #expect(try JSONDecoder().decode([TextForm].self, from: data) == [form])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([TextForm].self, from: Data(#"["text"]"#.utf8))
        }
    }

    /// A model that knows the answer after one question only, and prefers one label anyway.
    @Test func theFormThatTheModelUnderstandsIsChosen() throws {
        let texts = (0..<60).map {
            LabeledText(text: $0 % 2 == 0 ? "sun \($0)" : "rain \($0)", label: ["b", "a"][$0 % 2])
        }
        func score(knowing question: String?) -> ([[TokenID]], [TokenID]) -> [[Float]] {
            { labels, prompt in
                let text = tokenizer.text(prompt)
                let asked = question.map { text.hasSuffix("\n\($0):") } ?? false
                return labels.map {
                    let label = tokenizer.text($0)
                    let isRight =
                        text.contains("sun") && label == " b"
                        || text.contains("rain") && label == " a"
                    return [(asked && isRight ? 1 : 0) + (label == " a" ? 3 : 0)]
                }
            }
        }
        let search = TextFormSearch()
        let found = try search.choose(
            texts, tokenizer: tokenizer, score: score(knowing: "Topic"))
        #expect(found.form.string == "Text: {text}\nTopic:")
        #expect(found.accuracy == 1)
        let none = try search.choose(texts, tokenizer: tokenizer, score: score(knowing: nil))
        #expect(none == .init(form: .plain, accuracy: nil))
    }
}

struct ClassifierStartTests {
    /// Before the first step a classifier answers as the model would: as its next token's
    /// probabilities, among the labels' tokens.
    @Test func beginsAsTheModelAnswers() throws {
        let body = try TinyRewardModel("llama").body
        let words: [TokenID] = [5, 17, 31]
        let layout = AdapterLayout(body: body, rank: 2, alpha: 4, headRows: words.count)
        let pass = RewardPass(body: body, layout: layout, threads: 1)
        let fresh = layout.initialParameters(seed: 3)
        let parameters = FloatBuffer(
            fresh[..<layout.headOffset] + ClassifierAdapterTrainer.head(writing: words, of: body))
        var batch = TreeBatch()
        batch.append(prompt: [], replies: [[3, 9, 4, 20]])
        let state = pass.states(batch, parameters: parameters)
        let logits = words.map { word -> Float in
            var row = [Float](repeating: 0, count: body.width)
            body.output.dequantize(row: Int(word), to: &row)
            return zip(row, state).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let found = ClassifierAdapter.probabilities(
            [[3, 9, 4, 20]], pass: pass, parameters: parameters)[0]
        for (a, b) in zip(found, ClassifierAdapter.softmax(logits)) { #expect(abs(a - b) < 1e-5) }
        #expect(Set(found.map { Int(1e6 * $0) }).count == words.count)
    }
}
