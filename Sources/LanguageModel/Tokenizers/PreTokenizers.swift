/// The expressions that cut text into words before byte-pair merging, and which models use
/// which.
enum PreTokenizers {
    /// The steps that an expression stands for: a scanner where the expression is known,
    /// else the expression itself.
    static func step(
        regex: String, behavior: SplitBehavior = .isolated, isInverted: Bool = false
    ) throws(RegexSyntaxError) -> SplitStep {
        if regex == digitGroups, behavior == .isolated, !isInverted { return .digitGroups }
        if let scanner = scanners[regex] {
            // Its words cover the text, so matches are all there is.
            if behavior == .isolated || (behavior == .removed && isInverted) {
                return .scan(scanner)
            }
            return .pattern(.scan(scanner), behavior: behavior, isInverted: isInverted)
        }
        let pattern: SplitPattern =
            switch regex {
            case "\\p{N}", "\\p{N}{1}": .scalar(.number)
            case "\\p{N}+": .run(.number)
            default: .regex(try ScalarRegex(regex))
            }
        return .pattern(pattern, behavior: behavior, isInverted: isInverted)
    }

    static let digitGroups = #"\d{1,3}(?=(?:\d{3})*\b)"#

    // MARK: Expressions

    private static let caseless = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    private static let caselessSpelled =
        "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    private static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    private static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    private static let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let punctuation = #" ?[^\s\p{L}\p{N}]+"#

    static let gpt2 =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let llama3 = words(digits: #"\p{N}{1,3}"#)
    static let qwen2 = words(digits: #"\p{N}"#)
    static let o200k = casedWords(contractions: caseless + "?", digits: #"\p{N}{1,3}"#)
    static let tekken = casedWords(contractions: "", digits: #"\p{N}"#)
    private static let qwen35 =
        caseless + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"#
        + spaces

    private static func words(contractions: String = caseless, digits: String) -> String {
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits + "|" + punctuation + #"[\r\n]*|"#
            + spaces
    }

    private static func casedWords(contractions: String, digits: String) -> String {
        let lead = #"[^\r\n\p{L}\p{N}]?"#
        return lead + upper + "*" + lower + "+" + contractions + "|" + lead + upper + "+" + lower
            + "*" + contractions + "|" + digits + "|" + punctuation + #"[\r\n/]*|"# + spaces
    }

    private static let punctuationThenLetters =
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+"##

    /// Hand-written scanners by the expressions they replace, in the spellings in use.
    private static let scanners: [String: WordScanner] = {
        var table: [String: WordScanner] = [:]
        table[gpt2] = .gpt2
        for contractions in [caseless, caselessSpelled] {
            for (digits, most) in [
                (#"\p{N}{1,3}"#, 3), (#"\p{N}"#, 1), (#"\p{N}{1}"#, 1), (#"\p{N}+"#, Int.max),
            ] {
                table[words(contractions: contractions, digits: digits)] =
                    .words(.init(maximumDigits: most))
            }
            table[qwen35.replacingPrefix(caseless, by: contractions)] = .words(
                .init(letters: [.letter, .mark], maximumDigits: 1))
            for (digits, most) in [(#"\p{N}{1,3}"#, 3), (#"\p{N}"#, 1)] {
                table[casedWords(contractions: contractions + "?", digits: digits)] =
                    .casedWords(.init(hasContractions: true, maximumDigits: most))
            }
        }
        for (digits, most) in [(#"\p{N}{1,3}"#, 3), (#"\p{N}"#, 1)] {
            table[casedWords(contractions: "", digits: digits)] =
                .casedWords(.init(hasContractions: false, maximumDigits: most))
        }
        // tiktoken's cl100k, with possessive quantifiers that change nothing here.
        table[
            #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
        ] = .words(.init(maximumDigits: 3))
        table[
            #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
        ] = .words(.init(maximumDigits: 1))
        return table
    }()

    // MARK: GGUF names

    /// What `tokenizer.ggml.pre` says: the expressions, applied one after another, and the
    /// settings that go with them unless the file says otherwise.
    struct Named: Sendable {
        var expressions: [String]
        var ignoresMerges = false
        var addsBOS = false
        /// The model's text is in Unicode's composed form.
        var composes = false
        /// The text is characters with `▁` for spaces, not bytes.
        var marksSpaces = false
    }

    /// The pre-tokenizer of a GGUF name; nil for one that is not known.
    ///
    /// The names are llama.cpp's; the expressions are those of the models' own
    /// `tokenizer.json`, which llama.cpp's approximate where its matcher cannot do them.
    static func named(_ name: String) -> Named? {
        switch name {
        case "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de",
            "a.x-4.0", "mellum", "modern-bert", "jina-v1-en", "jina-v2-code", "roberta-bpe",
            "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4":
            return Named(expressions: [gpt2])
        case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
            "mellum2":
            return Named(expressions: [#"\p{N}"#, gpt2])
        case "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0",
            "lfm2", "jina-v5-nano":
            return Named(expressions: [llama3], ignoresMerges: true, addsBOS: true)
        case "dbrx", "smaug-bpe", "chatglm-bpe":
            return Named(expressions: [llama3])
        case "glm4", "glm5":
            return Named(expressions: [llama3], ignoresMerges: true)
        case "qwen2": return Named(expressions: [qwen2], composes: true)
        case "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan",
            "solar-open", "grok-2":
            return Named(expressions: [qwen2])
        case "qwen35":
            return Named(expressions: [qwen35])
        case "minicpm5":
            return Named(
                expressions: [#"\p{N}{1,3}"#, words(digits: #"\p{N}+"#)], ignoresMerges: true)
        case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2":
            return Named(expressions: [o200k])
        case "granite-embed-multi-97m":
            return Named(expressions: [o200k], ignoresMerges: true)
        case "tekken":
            return Named(expressions: [tekken], ignoresMerges: true, addsBOS: true)
        case "tiny_aya", "cohere2moe":
            return Named(expressions: [digitGroups, o200k])
        case "bailingmoe", "bailingmoe2", "llada-moe":
            return Named(expressions: [
                #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
            ])
        case "gemma4", "granite-embed-multi-311m", "sarvam-moe":
            return Named(
                expressions: [#"[^\n]+|[\n]+"#], addsBOS: name == "gemma4", marksSpaces: true)
        default:
            return rarer(name)
        }
    }

    private static let tail = #"[\r\n]*|"# + spaces

    private static func rarer(_ name: String) -> Named? {
        switch name {
        case "deepseek-llm":
            return Named(expressions: [
                "[\r\n]", #"\s?["# + casedAlphabets + "]+",
                #"\s?[!-/:-~！-／：-～‘-‟　-。]+"#, #"\s+$"#, "[一-龥ࠀ-一가-퟿]+", #"\p{N}+"#,
            ])
        case "deepseek-coder":
            return Named(expressions: [
                "[\r\n]", #"\s?\p{L}+"#, #"\s?\p{P}+"#, "[一-龥ࠀ-一가-퟿]+", #"\p{N}"#,
            ])
        case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4":
            return Named(expressions: [
                #"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+", punctuationThenLetters + tail,
            ])
        case "spark2_5":
            return Named(expressions: [
                #"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+",
                punctuationThenLetters + #"|[\r\n]|\s+(?!\S)|\s+"#, #"\p{N}"#,
            ])
        case "youtu":
            return Named(
                expressions: [
                    "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
                    casedWords(contractions: caseless + "?", digits: #"\p{N}"#),
                ], ignoresMerges: true)
        case "falcon":
            return Named(expressions: [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]"])
        case "poro-chat", "bloom", "gpt3-finnish":
            return Named(expressions: [#" ?[^(\s|.,!?…。，、।۔،)]+"#])
        case "viking":
            return Named(expressions: [#" ?[^(\s|.,!?…。，、।۔،)]+"#, #"\p{N}"#])
        case "chameleon":
            return Named(
                expressions: [
                    "<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
                    #"([\t\n]|    |  )"#, #"\p{N}"#, #"[\p{P}!-/:-@\[-`{-~]"#, gpt2,
                ], addsBOS: true)
        case "superbpe":
            return Named(expressions: [#"\p{N}+"#, #"(?=(\d{3})+(?!\d))"#])
        case "seed-coder":
            return Named(expressions: [
                caseless
                    + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"#
            ])
        case "ufakzeka":
            return Named(expressions: [
                #"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"# + punctuation + tail
            ])
        case "afmoe":
            return Named(expressions: [
                digitGroups,
                "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+",
                punctuationThenLetters + tail,
            ])
        case "laguna":
            return Named(expressions: [#"[^\n]+|[\n]+"#, qwen2])
        case "exaone-moe":
            return Named(expressions: [
                caseless
                    + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"#
            ])
        case "jais-2":
            let blocks = [512, 256, 128, 64, 32, 16, 8, 4].map { #"\s{\#($0)}(?!\S)|"# }.joined()
            return Named(expressions: [
                words(digits: #"\p{N}{1,3}"#).replacingSuffix(
                    #"\s+(?!\S)|\s+"#, by: blocks + #"\s{1,2}(?!\S)|\s{1}"#)
            ])
        case "kimi-k2":
            let notHan = "&&[^\\p{Han}]]"
            let upper = upper.dropLast() + notHan
            let lower = lower.dropLast() + notHan
            let lead = #"[^\r\n\p{L}\p{N}]?"#
            return Named(expressions: [
                #"[\p{Han}]+|"# + lead + upper + "*" + lower + "+" + caseless + "?|" + lead + upper
                    + "+" + lower + "*" + caseless + #"?|\p{N}{1,3}|"# + punctuation + tail
            ])
        case "default", "":
            return Named(expressions: [
                #"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]",
            ])
        default:
            return nil
        }
    }

    /// The letters with case that DeepSeek LLM's expression names.
    private static let casedAlphabets =
        "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ"
        + "ἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ"
        + "\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-"
        + "𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, by text: String) -> String {
        hasPrefix(prefix) ? text + dropFirst(prefix.count) : self
    }

    fileprivate func replacingSuffix(_ suffix: String, by text: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + text : self
    }
}
