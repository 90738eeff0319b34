"""Damaged and malicious files: one clear sentence, status not 0, no crash, nothing written."""

import random
import struct
import unittest

import tiny_gguf
from riposte import SandboxCase


class ModelFiles(SandboxCase):
    @classmethod
    def setUpClass(cls):
        cls.good = tiny_gguf.build()

    def logprobs(self, path, **options):
        return self.run_program("logprobs", "-m", path, "--ids", "5,6,7", **options)

    def refuse_model(self, content, *words):
        path = self.write("model.gguf", content)
        outcome = self.refuse("logprobs", "-m", path, "--ids", "5,6,7", status=1)
        self.assertIn("model.gguf", outcome.err)
        for word in words:
            self.assertIn(word, outcome.err)

    def test_good_one_works(self):
        path = self.write("model.gguf", self.good)
        lines = self.succeed("logprobs", "-m", path, "--ids", "5,6,7", "--top", "2").lines
        self.assertEqual([line["id"] for line in lines], [5, 6, 7])
        self.assertIsNone(lines[0]["logprob"])
        self.assertLess(lines[1]["logprob"], 0)
        self.assertEqual(len(lines[0]["top"]), 2)

    def test_missing(self):
        self.refuse("logprobs", "-m", self.folder / "absent.gguf", "--ids", "5", status=1)

    def test_folder_without_model(self):
        (self.folder / "empty").mkdir()
        self.refuse("logprobs", "-m", self.folder / "empty", "--ids", "5", status=1)

    def test_empty(self):
        self.refuse_model(b"")

    def test_wrong_magic(self):
        self.refuse_model(b"GGML" + self.good[4:])
        self.refuse_model(b"#!/bin/sh\necho hello\n" * 50)

    def test_wrong_version(self):
        self.refuse_model(self.good[:4] + struct.pack("<I", 77) + self.good[8:], "77")

    def test_truncated(self):
        header = self.good.index(b"token_embd.weight")
        for length in [3, 4, 7, 11, 23, 24, 31, 60, 200, 2000, header, header + 20,
                       len(self.good) // 2, len(self.good) - 1]:
            with self.subTest(length=length):
                self.refuse_model(self.good[:length])

    def test_absurd_counts(self):
        for count in [2**31, 2**40, 2**63, 2**64 - 1]:
            with self.subTest(tensors=count):
                self.refuse_model(tiny_gguf.build(tensor_count=count))
            with self.subTest(fields=count):
                self.refuse_model(tiny_gguf.build(field_count=count))

    def test_absurd_lengths(self):
        key = self.good.index(b"general.architecture") - 8
        for length in [2**32, 2**62, 2**64 - 1]:
            with self.subTest(key=length):
                self.refuse_model(
                    self.good[:key] + struct.pack("<Q", length) + self.good[key + 8:])
        tokens = self.good.index(b"tokenizer.ggml.tokens") + len("tokenizer.ggml.tokens")
        for length in [2**33, 2**61, 2**64 - 1]:
            with self.subTest(array=length):
                place = tokens + 8
                self.refuse_model(
                    self.good[:place] + struct.pack("<Q", length) + self.good[place + 8:])

    def test_absurd_shapes(self):
        for shape in [(2**62, 2**62), (0, 64), (2**40,), (64, 2**30)]:
            with self.subTest(shape=shape):
                weights = list(tiny_gguf.tensors())
                name, _, floats = weights[3]
                weights[3] = (name, shape, floats)
                self.refuse_model(tiny_gguf.build(weights=weights))

    def test_absurd_offset(self):
        # The offset is the last number of a tensor's entry.
        end = self.good.index(b"output_norm.weight") - 8
        for offset in [1, 2**40, 2**64 - 32]:
            with self.subTest(offset=offset):
                self.refuse_model(
                    self.good[:end - 8] + struct.pack("<Q", offset) + self.good[end:])

    def test_missing_tensor(self):
        weights = [w for w in tiny_gguf.tensors() if w[0] != "blk.1.ffn_up.weight"]
        self.refuse_model(tiny_gguf.build(weights=weights), "blk.1.ffn_up.weight")

    def test_wrong_shape(self):
        weights = list(tiny_gguf.tensors())
        at = next(i for i, w in enumerate(weights) if w[0] == "blk.0.attn_k.weight")
        name, _, floats = weights[at]
        weights[at] = (name, (32, 64), floats)
        self.refuse_model(tiny_gguf.build(weights=weights), "blk.0.attn_k.weight")

    def test_unknown_architecture(self):
        fields = [("general.architecture", "string", "perceptron"), *tiny_gguf.metadata()[1:]]
        self.refuse_model(tiny_gguf.build(fields=fields), "perceptron")

    def test_absurd_parameters(self):
        for key, number in [
            ("llama.block_count", 2**31), ("llama.attention.head_count", 0),
            ("llama.attention.head_count_kv", 3), ("llama.embedding_length", 2**31),
            ("llama.context_length", 0), ("general.alignment", 0), ("general.alignment", 7),
        ]:
            with self.subTest(key=key, number=number):
                fields = [
                    (k, kind, number if k == key else content)
                    for k, kind, content in tiny_gguf.metadata()
                ]
                self.refuse_model(tiny_gguf.build(fields=fields))

    def test_id_out_of_vocabulary(self):
        path = self.write("model.gguf", self.good)
        self.refuse("logprobs", "-m", path, "--ids", "5,259", status=1)
        self.refuse("logprobs", "-m", path, "--ids=-1", status=1)

    def test_flipped_bits(self):
        """Any outcome but a crash, a hang or a message that is not one."""
        source = random.Random(20)
        end = self.good.index(b"blk.1.ffn_down.weight") + 80
        for number in range(150):
            damaged = bytearray(self.good)
            for _ in range(source.choice([1, 1, 2, 8])):
                damaged[source.randrange(4, end)] ^= 1 << source.randrange(8)
            path = self.write("flipped.gguf", bytes(damaged))
            outcome = self.logprobs(path, timeout=30)
            with self.subTest(number=number):
                self.assertIn(outcome.status, (0, 1), repr(outcome))
                if outcome.status == 1:
                    self.assertEqual(len(outcome.err.strip().splitlines()), 1, repr(outcome))


class TemplateFiles(SandboxCase):
    def check(self, text, *words):
        path = self.write("mine.yaml", text)
        outcome = self.refuse("templates", "check", path, status=1)
        self.assertIn("mine.yaml", outcome.err)
        for word in words:
            self.assertIn(word, outcome.err)

    def test_good_one(self):
        path = self.write("mine.yaml", "name: mine\nsystem: Be brief.\n"
                          "examples:\n  - user: hello\n    assistant: hi\n")
        self.assertIn("ok", self.succeed("templates", "check", path).out)

    def test_unknown_key_with_its_line(self):
        self.check("name: mine\nsystem: Be brief.\nsytem: Be brief.\n", "sytem", "3")

    def test_unknown_key_inside(self):
        self.check("name: mine\nsampling:\n  temperature: 0.2\n  temprature: 1\n",
                   "temprature", "4")

    def test_syntax_error(self):
        self.check("name: mine\nexamples: [\n", "line")

    def test_wrong_kind(self):
        self.check("name: mine\nexamples: 5\n")
        self.check("name: mine\nsampling: { temperature: hot }\n", "temperature", "2")

    def test_not_a_mapping(self):
        self.check("- a\n- b\n")

    def test_not_text(self):
        self.check(b"\xff\xfe\x00name: mine\n")


if __name__ == "__main__":
    unittest.main()
