"""A tokenizer of single printable characters, for tiny random models of up to 100 tokens."""

import json


def write_letters_tokenizer(folder, **more):
    """Writes `tokenizer.json` and `tokenizer_config.json`; `more` is added to the latter."""
    special = ["<s>", "</s>", "<pad>"]
    letters = {token: number for number, token in enumerate(
        [*special, *map(chr, range(33, 127)), "Ġ", "Ċ"])}
    bytewise = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                "use_regex": True}
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None,
        "added_tokens": [
            {"id": number, "content": token, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": False, "special": True}
            for number, token in enumerate(special)],
        "pre_tokenizer": bytewise, "post_processor": None, "decoder": bytewise,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "fuse_unk": False,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "byte_fallback": False, "ignore_merges": False, "vocab": letters,
                  "merges": []}}))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>",
         "tokenizer_class": "PreTrainedTokenizerFast"} | more))
