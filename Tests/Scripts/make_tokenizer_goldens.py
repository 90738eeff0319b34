#!/usr/bin/env python3
"""Token ids as Hugging Face's `tokenizers` library gives them, for Riposte to be compared with.

    pip install tokenizers gguf
    Tests/Scripts/make_tokenizer_goldens.py                     writes the committed goldens
    Tests/Scripts/make_tokenizer_goldens.py --out DIR [--count 10000] [--vocabularies DIR]
    Tests/Scripts/make_tokenizer_goldens.py --out DIR --random 100 [--seed 1] [--count 200]
    Tests/Scripts/make_tokenizer_goldens.py --out DIR --published [--seed 1] [--count 2000]

Without --out, Tests/LanguageModelTests/Goldens/tokenizers: the default model's ids of awkward
strings, and a few kB of each kind of tokenizer.json with its own. With --out, the same for
many random strings and larger vocabularies; then

    RIPOSTE_TEST_TOKENIZER_CASES=DIR swift test --filter TokenizerCases

compares them all. --random writes tokenizers with random normalizers, pre-tokenizers and added
tokens, each with COUNT random strings; --published those of published models around small
vocabularies (this needs `pip install sentencepiece protobuf`). --vocabularies names a folder of llama.cpp's ggml-vocab-*.gguf files, of
which those with a known tokenizer.json are rebuilt and compared too.
"""

import argparse
import base64
import io
import json
import random
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import gguf
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
    trainers,
)

sys.path.insert(0, str(Path(__file__).resolve().parent))
import published_tokenizers  # noqa: E402
from published_tokenizers import DEEPSEEK3, LLAMA3, O200K, QWEN2  # noqa: E402

GOLDENS = Path(__file__).resolve().parent.parent / "LanguageModelTests" / "Goldens" / "tokenizers"

AWKWARD = [
    "", " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\t\n\t", "a", " a", "a ", "  a  ",
    "Hello, world!", " Hello  world ", "don't DON'T I'Ll we'VE 'S 'ſ it's", "''''s'd",
    "1", "12", "123", "1234", "12345678901234567890", "3.14159", "1,000,000", "½ ² Ⅷ ٣ ௧",
    "é", "e\u0301", "ñandú façade naïve", "Ångström", "ﬁ ﬂ ſt ß ẞ İ ı",
    "Привет, мир!", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก",
    "你好，世界！", "こんにちは世界", "안녕하세요 세계", "ថ្ងៃនេះ", "Việt Nam",
    "🙂", "👩‍👩‍👧‍👦", "🇫🇷🇩🇪", "☃️ ❤️", "👍🏽👍🏿", "a🙂b", "\u200d\u200b\ufeff", "\u00a0\u2003\u3000x",
    "\u0000\u0001\u001f\u007f\u0085", "\U0001d518\U0001d52b\U0001d526", "\U000e0041", "\ufffd",
    "<|im_start|>user\nHi<|im_end|>\n", "<|endoftext|>", "<|im_start", "<s></s><unk>", "<0x0A>",
    "▁▁a ▁b", "Ġhello Ċ", "a" * 100, "ab" * 64, " " * 70 + "x", "\n" * 40, "!" * 60, "=-" * 40,
    "def f(x):\n    return x ** 2\n\n\nclass A:\n\tpass\n", '{"a": [1, 2.5e-3, null], "b": "\\u00e9"}',
    "https://example.com/a?b=c&d=%20#e", "user@example.com", "C:\\Users\\x\\file.txt",
    "x\u0301\u0302\u0303y", "\u0301a", "A\u030aB", "ǅ ǈ ʰ ⅷ ª º", "don\u2019t \u201cquoted\u201d — dash…",
    "XMLHttpRequest iPhone McDonald's HTML5", "CamelCaseAndSNAKE_CASE_mixed123Numbers",
    "\u1fbe\u0345", "Σίσυφος ΣΊΣΥΦΟΣ", "ÀÉÎÕÜ àéîõü", "12\u066b34 １２３", "a\u2028b\u2029c", "tab\there",
]


def assigned_scalars() -> list[str]:
    """Characters that every Unicode version in use agrees on."""
    skip = {"Cn", "Cs", "Co"}
    return [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in skip]


class Strings:
    """Random text of the kinds that break tokenizers."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.scalars = assigned_scalars()
        self.words = sorted(set(" ".join(AWKWARD).split()))
        self.spaces = [" ", " ", " ", "  ", "\n", "\t", "\r\n", "\n\n", "   ", "\u00a0", "\u3000", "\u2028"]
        self.ends = list("'\"!?.,;:-_/()[]{}<>|\\@#$%^&*+=~`…—“”’")

    def piece(self) -> str:
        pick = self.random
        kind = pick.randrange(12)
        if kind < 3:
            return pick.choice(self.words)
        if kind == 3:
            return "".join(pick.choices(self.scalars, k=pick.randint(1, 6)))
        if kind == 4:
            return "".join(pick.choices("abcdefgABCDEFG", k=pick.randint(1, 12)))
        if kind == 5:
            return "".join(pick.choices("0123456789²½٣", k=pick.randint(1, 9)))
        if kind == 6:
            return pick.choice(["'s", "'T", "'re", "'VE", "'m", "'LL", "'d", "'ſ", "'x"])
        if kind == 7:
            return "".join(pick.choices(self.ends, k=pick.randint(1, 4)))
        if kind == 8:
            return pick.choice(self.ends) * pick.randint(1, 30)
        if kind == 9:
            return pick.choice("aéñж中あ🙂") + "".join(
                pick.choices("\u0301\u0302\u0323\u20dd\u200d\ufe0f", k=pick.randint(0, 3)))
        if kind == 10:
            return pick.choice(["<|im_end|>", "<|im_start|>", "<s>", "</s>", "<unk>", "<x>", "▁", "Ġ"])
        low = pick.choice([0x0041, 0x00C0, 0x0370, 0x0400, 0x0590, 0x0900, 0x0E00, 0x1780, 0x3040,
                           0x4E00, 0xAC00, 0x10400, 0x1F300])
        return "".join(
            c for c in (chr(low + pick.randrange(80)) for _ in range(pick.randint(1, 8)))
            if unicodedata.category(c) not in {"Cn", "Cs", "Co"})

    def text(self) -> str:
        parts = []
        for _ in range(self.random.randint(1, 14)):
            parts.append(self.piece())
            if self.random.random() < 0.6:
                parts.append(self.random.choice(self.spaces))
        return "".join(parts)


# MARK: Tokenizers


def from_gguf(path: Path, pre_tokenizer, normalizer=None, ignore_merges=False) -> Tokenizer:
    """The tokenizer.json equivalent of a byte-level vocabulary in a GGUF file."""
    fields = {name: field for name, field in gguf.GGUFReader(str(path)).fields.items()}
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    added = [
        AddedToken(token, special=kind != 4, normalized=False)
        for token, kind in zip(tokens, types) if kind in (2, 3, 4)
    ]
    tokenizer.add_special_tokens([t for t in added if t.special])
    tokenizer.add_tokens([t for t in added if not t.special])
    return tokenizer


def byte_level(*steps) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [*steps, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def split(regex: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(Regex(regex), "isolated")


def smollm() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])


def corpus(strings: Strings) -> list[str]:
    """Text to train on: this library's own source, and the strings above."""
    folder = Path(json.__file__).parent.parent
    files = sorted(folder.glob("*.py"))[:60]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    return texts + AWKWARD * 5 + [strings.text() for _ in range(3000)]


def trained(name: str, size: int, texts: list[str]) -> Tokenizer:
    """Each kind of tokenizer that models on Hugging Face come with."""
    specials = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    if name == "llama3":
        tokenizer = Tokenizer(models.BPE(ignore_merges=True))
        tokenizer.pre_tokenizer = byte_level(split(LLAMA3))
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=specials[1:],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    elif name == "o200k":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = byte_level(split(O200K))
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=specials[1:],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    elif name == "deepseek3":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = byte_level(*[split(regex) for regex in DEEPSEEK3])
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=specials[1:],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    elif name == "falcon":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Punctuation("contiguous"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
            pre_tokenizers.Digits(individual_digits=False),
            split("[0-9][0-9][0-9]"),
        ])
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=specials[1:],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    elif name == "llama2":
        tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Sequence([
            decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
            decoders.Strip(" ", 1, 0)])
        trainer = trainers.BpeTrainer(
            vocab_size=size, max_token_length=16, limit_alphabet=size // 4,
            special_tokens=specials + [f"<0x{i:02X}>" for i in range(256)])
        texts = [line for text in texts for line in text.split("\n")]
    elif name == "unigram":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always")
        tokenizer.decoder = decoders.Metaspace("▁", "always")
        # Rare characters stay unknown: the trainer wants a token for every other one.
        common = Counter("".join(texts)).most_common(size // 4)
        alphabet = {character for character, _ in common}
        texts = ["".join(c for c in text if c in alphabet) for text in texts]
        trainer = trainers.UnigramTrainer(
            vocab_size=size, special_tokens=specials, unk_token="<unk>")
    elif name == "wordlevel":
        tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.WordLevelTrainer(vocab_size=size, special_tokens=specials)
    else:
        raise ValueError(name)
    tokenizer.train_from_iterator(texts, trainer)
    if name == "llama2":
        # Byte tokens are for the fallback; the text `<0x0A>` is text.
        described = json.loads(tokenizer.to_str())
        described["added_tokens"] = [
            t for t in described["added_tokens"] if not t["content"].startswith("<0x")]
        tokenizer = Tokenizer.from_str(json.dumps(described))
    if name == "llama3":
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
        tokenizer.add_tokens([
            AddedToken("<tool>", normalized=False), AddedToken("  two", lstrip=True, rstrip=True),
            AddedToken("word", single_word=True)])
    return tokenizer


TRAINED = {
    "llama3": 420, "o200k": 400, "deepseek3": 380, "falcon": 400, "llama2": 700, "unigram": 600,
    "wordlevel": 150,
}


# MARK: Random parts


def random_normalizer(pick: random.Random):
    kind = pick.randrange(13)
    if kind < 4:
        return [normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD()][kind]
    if kind == 4:
        return normalizers.Lowercase()
    if kind == 5:
        return normalizers.Strip(left=pick.random() < 0.7, right=pick.random() < 0.7)
    if kind == 6:
        return normalizers.StripAccents()
    if kind == 7:
        return normalizers.Prepend(pick.choice(["▁", "x", " "]))
    if kind == 8:
        return normalizers.Replace(pick.choice([" ", "a", "''", "é", "\n", "ab"]), pick.choice(["▁", "", "b", "--"]))
    if kind < 12:
        return normalizers.Replace(
            Regex(pick.choice([r" {2,}", r"\s+", r"\p{N}", r"[^\p{L}\s]", r"(?i)s", r"^ ", r"\n+$", r"[\u0300-\u036f]+", "``|''"])),
            pick.choice(["▁", "", " ", "0"]))
    return normalizers.Sequence([random_normalizer(pick) for _ in range(pick.randint(0, 3))])


def random_pre_tokenizer(pick: random.Random):
    behavior = pick.choice(
        ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"])
    kind = pick.randrange(12)
    if kind < 3:
        return pre_tokenizers.Split(
            Regex(pick.choice([
                LLAMA3, QWEN2, O200K, *DEEPSEEK3, r"\s", r"\s+", r"\d", r"\p{N}{1,3}", r"[aeiou]", r"\p{L}+", r"\b", r"(?=[A-Z])", r"\w+|[^\w\s]+",
                r"'s|'t| ?\p{L}+", r"[\r\n]+", r"(?<=\d)(?=(\d{3})+$)", r"\S+\s?", ".", "a|ab", "x*"])),
            behavior, invert=pick.random() < 0.3)
    if kind == 3:
        return pre_tokenizers.Split(pick.choice([" ", "a", "'", "\n", "▁", "ab"]), behavior, invert=pick.random() < 0.2)
    if kind < 6:
        return pre_tokenizers.Digits(individual_digits=pick.random() < 0.5)
    if kind == 6:
        return pre_tokenizers.Punctuation(behavior)
    if kind == 7:
        return pre_tokenizers.Whitespace()
    if kind == 8:
        return pre_tokenizers.WhitespaceSplit()
    if kind == 9:
        return pre_tokenizers.CharDelimiterSplit(pick.choice([" ", "a", "."]))
    if kind == 10:
        return pre_tokenizers.BertPreTokenizer()
    return pre_tokenizers.Metaspace(
        "▁", pick.choice(["always", "first", "never"]), split=pick.random() < 0.7)


def random_tokenizer(pick: random.Random, bases: dict[str, Tokenizer]) -> Tokenizer:
    """One of the models with other things around it."""
    name = pick.choice(list(bases))
    described = json.loads(bases[name].to_str())
    described["normalizer"] = described["pre_tokenizer"] = None
    described["post_processor"] = None
    if described["model"]["type"] == "BPE":
        described["model"]["ignore_merges"] = pick.random() < 0.3
        described["model"]["fuse_unk"] = pick.random() < 0.5
        if name == "llama2":
            described["model"]["byte_fallback"] = pick.random() < 0.5
    tokenizer = Tokenizer.from_str(json.dumps(described))
    if pick.random() < 0.7:
        tokenizer.normalizer = random_normalizer(pick)
    steps = [random_pre_tokenizer(pick) for _ in range(pick.choice([0, 1, 1, 2, 3]))]
    if name == "llama3":
        steps.append(pre_tokenizers.ByteLevel(
            add_prefix_space=pick.random() < 0.3, use_regex=pick.random() < 0.3))
    if steps:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    texts = [
        "<x>", "word", "a ", "é", "E\u0301", "don't", "123", "<|im", "\n\n", "ABC", "用", "...", "s", "<s>x", "Hello", "▁a", " a", "  ", "▁▁b▁"]
    for text in pick.sample(texts, pick.randrange(4)):
        # What is special is never made from a person's words, so it is no piece of them.
        special = text.startswith("<") and pick.random() < 0.5
        token = AddedToken(
            text, lstrip=pick.random() < 0.3, rstrip=pick.random() < 0.3, single_word=pick.random() < 0.3,
            normalized=not special and pick.random() < 0.5)
        # The library finds a token that its normalizer leaves empty between all characters, or
        # panics; nothing published has one.
        if token.normalized and tokenizer.normalizer and not tokenizer.normalizer.normalize_str(text):
            continue
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([token])
    return Tokenizer.from_str(tokenizer.to_str())


# MARK: Published shapes


def characters_map() -> str:
    """SentencePiece's table of characters to replace, as the models in use have it."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as pb

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(AWKWARD), model_writer=model, model_type="char",
        hard_vocab_limit=False, minloglevel=2)
    proto = pb.ModelProto.FromString(model.getvalue())
    return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


def published(shape: dict, bases: dict[str, Tokenizer]) -> Tokenizer:
    """A small vocabulary in a published model's shape."""
    described = json.loads(bases[shape["model"]].to_str())
    for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        described[part] = shape[part]
    described["model"] |= shape["options"]
    vocabulary = described["model"]["vocab"]
    if isinstance(vocabulary, list):
        ids = {token: i for i, (token, _) in enumerate(vocabulary)}
        described["model"]["unk_id"] = ids["<unk>"]
    else:
        ids = dict(vocabulary)
    for number, token in enumerate(shape["added"]):
        # Some of a published model's are in its vocabulary, others beyond.
        if token["content"] not in ids:
            ids[token["content"]] = len(ids)
            if number % 2 and isinstance(vocabulary, dict):
                vocabulary[token["content"]] = ids[token["content"]]
        token = token | {"id": ids[token["content"]]}
        described["added_tokens"].append(token)
    described["added_tokens"] = list({t["id"]: t for t in described["added_tokens"]}.values())
    described["added_tokens"].sort(key=lambda token: token["id"])
    for name, token in (shape["post_processor"] or {}).get("special_tokens", {}).items():
        token["ids"] = [ids[name]]
    return Tokenizer.from_str(json.dumps(described))


def save_published(folder: Path, strings: Strings, texts: list[str], count: int) -> None:
    shapes = published_tokenizers.shapes(characters_map())
    bases = {
        "bytes": trained("llama3", 1500, texts), "characters": trained("llama2", 2500, texts),
        "unigram": trained("unigram", 1500, texts),
    }
    for name, base in bases.items():
        # What the kinds bring along; the shapes have their own.
        described = json.loads(base.to_str())
        described["added_tokens"] = []
        bases[name] = Tokenizer.from_str(json.dumps(described))
    pick = strings.random
    for name, shape in shapes.items():
        tokenizer = published(shape, bases)
        tokens = [token["content"] for token in shape["added"]] or [" "]
        several = AWKWARD + [strings.text() for _ in range(count)]
        for _ in range(count // 2):
            parts = [strings.text(), *pick.choices(tokens, k=3), *pick.choices(["", " ", "\n"], k=2),
                     strings.text()[:8]]
            pick.shuffle(parts)
            several.append("".join(parts))
        save(folder, name, tokenizer, several)
        # Ids as a model may choose them, which no text has.
        size = tokenizer.get_vocab_size()
        decodings = []
        for _ in range(count // 2):
            pool = pick.choice([range(size), range(min(size, 300))])
            ids = pick.choices(pool, k=pick.randint(1, 12))
            decodings.append({"ids": ids, "decoded": tokenizer.decode(ids)})
        write(folder / name / "decodings.json", decodings)


# MARK: Output


def case(tokenizer: Tokenizer, text: str) -> dict:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    decoded = tokenizer.decode(ids, skip_special_tokens=True)
    return {"text": text, "ids": ids, "decoded": decoded}


def write(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")
    print(f"{path.name}: {path.stat().st_size:,} bytes")


def save(folder: Path, name: str, tokenizer: Tokenizer, texts: list[str]) -> None:
    write(folder / name / "tokenizer.json", json.loads(tokenizer.to_str()))
    cases = []
    for text in texts:
        try:
            cases.append(case(tokenizer, text))
        except BaseException as error:  # noqa: BLE001 tokens that overlap make the library panic
            if "Panic" not in type(error).__name__:
                raise
    write(folder / name / "cases.json", cases)


def main() -> None:
    from smollm2 import default_path

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--vocabularies", type=Path)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--published", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", type=Path, default=default_path())
    options = parser.parse_args()
    strings = Strings(seed=7)
    texts = corpus(strings)
    if options.random:
        small = AWKWARD * 3 + texts[:1]
        names = ["llama3", "llama2", "unigram", "wordlevel"]
        bases = {name: trained(name, TRAINED[name], small) for name in names}
        pick = random.Random(options.seed)
        several = AWKWARD + [strings.text() for _ in range(options.count)]
        for number in range(options.random):
            name = f"random-{options.seed}-{number:03}"
            save(options.out, name, random_tokenizer(pick, bases), several)
        return
    if options.published:
        return save_published(options.out, Strings(options.seed), texts, options.count)
    default = from_gguf(options.model, smollm())
    if not options.out:
        write(GOLDENS / "smollm2.json", [case(default, text) for text in AWKWARD])
        for name, size in TRAINED.items():
            save(GOLDENS, name, trained(name, size, AWKWARD * 3 + texts[:1]), AWKWARD)
        return
    many = AWKWARD + [strings.text() for _ in range(options.count)]
    save(options.out, "smollm2", default, many)
    (options.out / "smollm2" / "model.gguf").unlink(missing_ok=True)
    (options.out / "smollm2" / "model.gguf").symlink_to(options.model.resolve())
    for name, size in TRAINED.items():
        save(options.out, name, trained(name, size * 10, texts), many)
    known = {
        "gpt-2": dict(pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "llama-bpe": dict(pre_tokenizer=byte_level(split(LLAMA3)), ignore_merges=True),
        "qwen2": dict(pre_tokenizer=byte_level(split(QWEN2)), normalizer=normalizers.NFC()),
    }
    for name, settings in known.items() if options.vocabularies else []:
        path = options.vocabularies / f"ggml-vocab-{name}.gguf"
        save(options.out, name, from_gguf(path, **settings), many)
        (options.out / name / "model.gguf").unlink(missing_ok=True)
        (options.out / name / "model.gguf").symlink_to(path.resolve())


if __name__ == "__main__":
    main()
