"""The shapes of published tokenizer.json files: all but the vocabulary.

`make_tokenizer_goldens.py --out DIR --published` trains small vocabularies and puts these
normalizers, pre-tokenizers, decoders, post-processors and added tokens around them.
"""

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
QWEN35 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)
UPPER = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K = (
    UPPER + "*" + LOWER + r"+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" + UPPER + "+" + LOWER
    + r"*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
TEKKEN = (
    UPPER + "*" + LOWER + "+|" + UPPER + "+" + LOWER
    + r"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK3 = [
    r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
]
DEEPSEEK_CODER = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"]
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
EXAONE = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"
)


def sequence(key, *parts):
    return {"type": "Sequence", key: list(parts)}


def byte_level(prefix=False, trim=True, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim,
            "use_regex": regex}


def split(regex, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}


def literal_split(text, behavior, invert=False):
    return {"type": "Split", "pattern": {"String": text}, "behavior": behavior, "invert": invert}


def digits(individual):
    return {"type": "Digits", "individual_digits": individual}


def pieces(*parts):
    return sequence("pretokenizers", *parts)


def replace(pattern, content):
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def metaspace(scheme="always", splits=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits}


def old_metaspace(prefix=True):
    return {"type": "Metaspace", "replacement": "▁", "add_prefix_space": prefix}


def template(*specials, end=()):
    names = [*specials, *end]
    def special(name):
        return {"SpecialToken": {"id": name, "type_id": 0}}
    single = [special(n) for n in specials] + [{"Sequence": {"id": "A", "type_id": 0}}]
    single += [special(n) for n in end]
    return {"type": "TemplateProcessing", "single": single,
            "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {n: {"id": n, "ids": [0], "tokens": [n]} for n in names}}


def added(text, special=False, normalized=False, lstrip=False, rstrip=False, single_word=False):
    return {"content": text, "special": special, "normalized": normalized, "lstrip": lstrip,
            "rstrip": rstrip, "single_word": single_word}


def special(*texts, **options):
    return [added(text, special=True, **options) for text in texts]


PREPEND = {"type": "Prepend", "prepend": "▁"}
MARKS = replace(" ", "▁")
FALLBACK = [replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}]
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
LLAMA_DECODER = sequence("decoders", *FALLBACK, STRIP)
LLAMA_SPECIALS = special("<unk>", "<s>", "</s>")
TOOLS = [added(t) for t in ("<tool_call>", "</tool_call>", "<think>", "</think>")]
CHATML = special("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def byte_pair(pre_tokenizer, normalizer=None, tokens=(), post=byte_level(), **model):
    return dict(model="bytes", pre_tokenizer=pre_tokenizer, normalizer=normalizer,
                post_processor=post, decoder=byte_level(), added=list(tokens), options=model)


def characters(pre_tokenizer, normalizer, decoder, tokens=LLAMA_SPECIALS, post=None, **model):
    model = dict(byte_fallback=True, unk_token="<unk>", fuse_unk=True) | model
    return dict(model="characters", pre_tokenizer=pre_tokenizer, normalizer=normalizer,
                post_processor=post, decoder=decoder, added=list(tokens), options=model)


def unigram(pre_tokenizer, normalizer, decoder, tokens=(), post=None, **model):
    return dict(model="unigram", pre_tokenizer=pre_tokenizer, normalizer=normalizer,
                post_processor=post, decoder=decoder, added=list(tokens), options=model)


def shapes(charsmap: str) -> dict:
    """By model. `charsmap` is SentencePiece's table of characters, in base 64."""
    precompiled = {"type": "Precompiled", "precompiled_charsmap": charsmap}
    nfc = {"type": "NFC"}
    gemma_spaces = [added("▁" * n) for n in range(2, 8)] + [added("\n" * n) for n in range(2, 8)]
    neox_spaces = [added(" " * n, normalized=True) for n in range(24, 1, -1)]
    return {
        # Byte-level BPE.
        "gpt2": byte_pair(byte_level(), tokens=special("<|endoftext|>", normalized=True)),
        "gpt2-prefix": byte_pair(byte_level(prefix=True), tokens=special("<|endoftext|>")),
        "opt": byte_pair(
            byte_level(), tokens=special("<pad>", "</s>", "<unk>", normalized=True),
            post={"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["</s>", 2],
                  "trim_offsets": True, "add_prefix_space": False}),
        "codegen-phi2": byte_pair(
            byte_level(), tokens=[*special("<|endoftext|>"),
                *[added(" " * n, normalized=True) for n in range(31, 1, -1)],
                *[added("\t" * n, normalized=True) for n in range(9, 1, -1)]]),
        "gpt-neox": byte_pair(
            byte_level(), nfc, [*special("<|endoftext|>", "<|padding|>"), *neox_spaces]),
        "olmo1": byte_pair(
            byte_level(), nfc, [*neox_spaces, *special("<|endoftext|>", "<|padding|>"),
            added("|||IP_ADDRESS|||", normalized=True)],
            post=template(end=["<|endoftext|>"])),
        "olmo2": byte_pair(
            pieces(split(LLAMA3, "Removed", True), byte_level(regex=False)),
            tokens=[*special("<|endoftext|>", "<|fim_prefix|>"), added("|||IP_ADDRESS|||")]),
        "llama3": byte_pair(
            pieces(split(LLAMA3), byte_level(regex=False)),
            tokens=special("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>",
                           "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>"),
            post=sequence("processors", byte_level(prefix=True, trim=False),
                          template("<|begin_of_text|>")), ignore_merges=True),
        "smollm3": byte_pair(
            pieces(split(LLAMA3), byte_level(regex=False)),
            tokens=[*special("<|begin_of_text|>", "<|end_of_text|>"), *TOOLS, *CHATML],
            post=sequence("processors", byte_level(prefix=True, trim=False), template()),
            ignore_merges=True),
        "smollm2": byte_pair(
            pieces(digits(True), byte_level()),
            tokens=[*CHATML, *special("<repo_name>", "<file_sep>")], post=None),
        "qwen2": byte_pair(
            pieces(split(QWEN2), byte_level(trim=False, regex=False)), nfc, [*CHATML, *TOOLS],
            post=byte_level(trim=False, regex=False)),
        "qwen1.5-older": byte_pair(
            pieces(split(QWEN2), byte_level(trim=True, regex=False)), nfc,
            special("<|endoftext|>", "<|im_start|>", "<|im_end|>")),
        "qwen3.5": byte_pair(pieces(split(QWEN35), byte_level(trim=False, regex=False)), nfc,
                             [*CHATML, *TOOLS]),
        "gpt-oss": byte_pair(
            pieces(split(O200K), byte_level(regex=False)), tokens=special("<|start|>", "<|end|>")),
        "llama4": byte_pair(
            pieces(split(O200K), byte_level(regex=False)), ignore_merges=True,
            tokens=special("<|begin_of_text|>", "<|eot|>"),
            post=sequence("processors", byte_level(), template("<|begin_of_text|>"))),
        "mistral-tekken": byte_pair(
            pieces(split(TEKKEN), byte_level(regex=False)), ignore_merges=True,
            tokens=special("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]"),
            post=template("<s>")),
        "phi4": byte_pair(
            pieces(split(LLAMA3), byte_level(regex=False)),
            tokens=[*special("<|endoftext|>", "<|im_start|>", "<|im_end|>", lstrip=True, rstrip=True),
                    *special("<|im_sep|>", rstrip=True)]),
        "phi4-mini": byte_pair(
            pieces(split(O200K), byte_level(regex=False)),
            tokens=[*special("<|endoftext|>"), added("<|user|>", rstrip=True, special=True),
                    added("<|tool|>", normalized=False)]),
        "stablelm2": byte_pair(
            pieces(split(CL100K, "Removed", True), byte_level(trim=True, regex=False)), nfc,
            CHATML),
        "dbrx": byte_pair(
            pieces(split(LLAMA3, "Removed", True), byte_level(regex=False)), nfc,
            [*CHATML, *neox_spaces[-3:]]),
        "glm4": byte_pair(
            pieces(split(LLAMA3), byte_level(regex=False)), ignore_merges=True,
            tokens=[*special("<|endoftext|>", "[MASK]", "[gMASK]", "<sop>"), *TOOLS],
            post=byte_level(trim=False)),
        "falcon": byte_pair(
            pieces({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(), digits(False),
                   split("[0-9][0-9][0-9]")),
            tokens=special(">>TITLE<<", ">>ABSTRACT<<", "<|endoftext|>")),
        "starcoder2": byte_pair(
            pieces(digits(True), byte_level()), tokens=special("<|endoftext|>", "<fim_prefix>")),
        "granite3": byte_pair(
            pieces(digits(True), byte_level()),
            tokens=special("<|end_of_text|>", "<|start_of_role|>", "<|end_of_role|>")),
        "command-r": byte_pair(
            pieces(digits(True), byte_level()), nfc,
            special("<PAD>", "<UNK>", "<BOS_TOKEN>", "<|START_OF_TURN_TOKEN|>"),
            post=template("<BOS_TOKEN>"), fuse_unk=False),
        "deepseek-coder": byte_pair(
            pieces(*map(split, DEEPSEEK_CODER), digits(True), byte_level(regex=False)),
            sequence("normalizers"),
            [*special("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", normalized=True),
             added("ö", normalized=True), added("<｜User｜>", normalized=False)]),
        "deepseek3": byte_pair(
            pieces(*map(split, DEEPSEEK3), byte_level(regex=False)), sequence("normalizers"),
            [*special("<｜begin▁of▁sentence｜>"), added("<｜User｜>"), *TOOLS]),
        "deepseek-r1-qwen": byte_pair(
            pieces(split(QWEN2), byte_level(trim=False, regex=False)), nfc,
            [*special("<｜begin▁of▁sentence｜>", normalized=True), added("<｜User｜>"), *TOOLS],
            post=template("<｜begin▁of▁sentence｜>")),
        "bloom": byte_pair(
            pieces(split(BLOOM), byte_level(regex=False)), tokens=special("<unk>", "<s>", "</s>")),
        "exaone4": byte_pair(
            pieces(split(EXAONE), byte_level(regex=False)), nfc, special("[BOS]", "[|endofturn|]")),
        "exaone3": byte_pair(pieces(digits(True), byte_level()), nfc, special("[BOS]", "[EOS]")),
        "jais": byte_pair(byte_level(prefix=False), tokens=special("<|endoftext|>")),
        "superbpe": byte_pair(
            pieces(split(r"\p{N}+"), split(r"(?=(\d{3})+(?!\d))"), byte_level(regex=False)),
            tokens=special("<|endoftext|>")),
        "byte-level-normalizer": dict(
            byte_pair(split(
                "'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-zÀ-ÿĀ-ŃĠ]+|[0-9]+|[^A-Za-z0-9]+"),
                sequence("normalizers", nfc, {"type": "ByteLevel"}), special("<eos>"))),
        # SentencePiece BPE with fallback to bytes.
        "llama2": characters(
            None, sequence("normalizers", PREPEND, MARKS), LLAMA_DECODER, post=template("<s>")),
        "llama2-new": characters(
            metaspace("first", False), None, LLAMA_DECODER, post=template("<s>")),
        "llama2-always": characters(
            metaspace("always", False), None, LLAMA_DECODER, post=template("<s>")),
        "mistral3": characters(
            metaspace("first", False), None, LLAMA_DECODER, ignore_merges=False,
            tokens=special("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]"),
            post=template("<s>")),
        "phi3": characters(
            None, sequence("normalizers", PREPEND, MARKS), LLAMA_DECODER,
            [*special("<unk>", "<s>"), added("</s>", rstrip=True),
             *special("<|endoftext|>"),
             *special("<|assistant|>", "<|user|>", "<|end|>", rstrip=True)], template()),
        "codellama": characters(
            None, sequence("normalizers", PREPEND, MARKS), LLAMA_DECODER,
            [*LLAMA_SPECIALS, *special("▁<PRE>", "▁<SUF>", "▁<MID>")]),
        "gemma1": characters(
            None, MARKS, sequence("decoders", *FALLBACK),
            [*special("<pad>", "<eos>", "<bos>", "<unk>"), added("<mask>"), *gemma_spaces],
            template("<bos>")),
        "gemma2": characters(
            literal_split(" ", "MergedWithPrevious"), MARKS, sequence("decoders", *FALLBACK),
            [*special("<pad>", "<eos>", "<bos>", "<unk>"), added("<unused0>"),
             *special("<start_of_turn>", "<end_of_turn>"), *gemma_spaces, added("<table>")],
            template("<bos>")),
        "yi": characters(
            None, sequence("normalizers", MARKS), sequence("decoders", *FALLBACK),
            [*LLAMA_SPECIALS, *CHATML]),
        "internlm2": characters(
            None, sequence("normalizers", MARKS), LLAMA_DECODER,
            [*LLAMA_SPECIALS, *special("<|im_start|>")], template("<s>")),
        "strip-metaspace": characters(
            metaspace("first", False), {"type": "Strip", "strip_left": True, "strip_right": False},
            LLAMA_DECODER),
        "metaspace-decoder": characters(
            old_metaspace(), None, old_metaspace(), byte_fallback=False),
        "no-prefix": characters(
            metaspace("never", False), None, sequence("decoders", *FALLBACK)),
        "metaspace-first-split": characters(metaspace("first"), None, metaspace("first")),
        "unfused-unknown": characters(
            None, sequence("normalizers", PREPEND, MARKS), LLAMA_DECODER, byte_fallback=False,
            fuse_unk=False),
        # Unigram.
        "t5": unigram(
            pieces({"type": "WhitespaceSplit"}, metaspace()), precompiled, metaspace(),
            special("</s>", "<unk>", "<pad>", "<extra_id_0>"), template(end=["</s>"])),
        "t5-old": unigram(
            pieces({"type": "WhitespaceSplit"}, old_metaspace()),
            precompiled, old_metaspace(), special("</s>", "<unk>", "<pad>")),
        "mt5": unigram(
            metaspace(), sequence(
                "normalizers", precompiled,
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}),
            metaspace(), special("</s>", "<unk>", "<pad>")),
        "xglm": unigram(
            metaspace(), precompiled, metaspace(), special("<s>", "</s>", "<unk>"),
            template("</s>")),
        "albert": unigram(
            metaspace(), sequence(
                "normalizers", replace("``", '"'), replace("''", '"'), {"type": "NFKD"},
                {"type": "StripAccents"}, {"type": "Lowercase"}, precompiled),
            metaspace(), special("<unk>", "[CLS]", "[SEP]", normalized=False)),
        "deberta-v3": unigram(
            pieces(metaspace()), sequence(
                "normalizers", {"type": "Strip", "strip_left": True, "strip_right": True},
                precompiled,
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}),
            metaspace(), special("[CLS]", "[SEP]")),
        "unigram-fallback": unigram(
            metaspace("first", False), None, sequence("decoders", *FALLBACK, STRIP),
            special("<s>", "</s>"), byte_fallback=True),
        "nmt": unigram(
            metaspace(), {"type": "Nmt"}, metaspace(), special("<unk>")),
    }
