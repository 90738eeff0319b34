"""Rankings, reward models and classifiers as scripts train, judge and use them."""

import json
import math
import random
import struct
import subprocess
import unittest
from pathlib import Path

import tiny_gguf
from riposte import BINARY, SandboxCase, messages


def pairs(count, seed=1):
    """Preferences that can be learnt: the reply that says please is the better one."""
    source = random.Random(seed)
    words = "boat tree house river stone cloud horse lamp road field".split()
    for number in range(count):
        topic = source.choice(words)
        body = " ".join(source.choice(words) for _ in range(source.randrange(3, 8)))
        yield {
            "prompt": [{"role": "user", "content": f"Say {topic} {number}"}],
            "chosen": [{"role": "assistant", "content": f"please {body}"}],
            "rejected": [{"role": "assistant", "content": f"zzz {body}"}],
        }


class Rewards(SandboxCase):
    content = tiny_gguf.build()

    def setUp(self):
        super().setUp()
        self.model = self.write("tiny.gguf", self.content)
        self.data = self.write(
            "pairs.jsonl", "".join(json.dumps(line) + "\n" for line in pairs(40)))

    def train(self, *arguments):
        return self.succeed("train", "reward", "-m", self.model, "--method", "features", "--json",
                            *arguments, timeout=300)

    def test_train_score_and_judge(self):
        done = self.train(self.data).lines[-1]
        self.assertTrue(done["done"])
        self.assertTrue(done["active"])
        self.assertEqual(done["pairs"], 40)
        self.assertGreater(done["accuracy"], 0.8, done)

        fresh = self.write(
            "fresh.jsonl", "".join(json.dumps(line) + "\n" for line in pairs(20, seed=2)))
        scores = self.succeed("reward", "score", "-m", self.model, fresh).lines
        self.assertEqual(len(scores), 20)
        right = sum(score["chosen"] > score["rejected"] for score in scores)
        verdict = self.succeed("reward", "eval", "-m", self.model, fresh, "--json").json
        self.assertLessEqual(
            {"pairs", "accuracy", "ci95", "longer_wins", "ece", "brier", "length_correlation"},
            set(verdict))
        self.assertEqual(verdict["pairs"], 20)
        self.assertAlmostEqual(verdict["accuracy"], right / 20)

        other = self.write("other.jsonl", "\n".join(map(json.dumps, [
            {"messages": messages("Say boat", "please river")},
            {"prompt": messages("Say boat"), "completions": ["please river", "zzz river", "x"]},
            {"ids": [5, 6, 7, 8]},
        ])) + "\n")
        single, several, ids = self.succeed("reward", "score", "-m", self.model, other).lines
        self.assertAlmostEqual(single["reward"], several["rewards"][0], places=3)
        self.assertGreater(several["rewards"][0], several["rewards"][1])
        self.assertEqual(set(ids), {"reward"})

        asked = self.succeed("ask", "-m", self.model, "-n", "4", "--best", "--seed", "1",
                             "--temperature", "1", "--max-tokens", "8", "--json", "hi").json
        rewards = [candidate["reward"] for candidate in asked["candidates"]]
        self.assertEqual(rewards, sorted(rewards, reverse=True))
        shown = self.succeed("reward", "show", "--json").json
        self.assertEqual([entry["name"] for entry in shown if entry["active"]], ["features"])
        self.succeed("reward", "use", "none")
        self.assertFalse(any(
            entry["active"] for entry in self.succeed("reward", "show", "--json").json))

    def test_sources_are_weighed_and_judged_apart(self):
        """A second source wants the opposite of the first; the heavier one decides."""
        contrary = [line | {"chosen": line["rejected"], "rejected": line["chosen"],
                            "prompt": messages(f"Once more {number}")}
                    for number, line in enumerate(pairs(40, seed=4))]
        # What cannot be learnt from is said with its place, and why.
        contrary.append(contrary[0])
        contrary.append(contrary[1] | {"rejected": contrary[1]["chosen"]})
        path = self.write("contrary.jsonl", "".join(json.dumps(line) + "\n" for line in contrary))
        outcome = self.succeed(
            "train", "reward", "-m", self.model, self.data, path, "--weight", "contrary.jsonl=10")
        self.assertIn("dropped 1: said before (contrary.jsonl:41)", outcome.err)
        self.assertIn("dropped 1: both replies are the same (contrary.jsonl:42)", outcome.err)
        self.assertIn("By source:", outcome.out)
        done = self.train(self.data, path, "--weight", f"{path}=10").lines[-1]
        self.assertEqual(
            done["data"], {"read": 82, "pairs": 80, "ties": 0, "dropped": {
                "both replies are the same": 1, "said before": 1}})
        self.assertEqual([(item["source"], item["pairs"]) for item in done["sources"]],
                         [("contrary.jsonl", 40), ("pairs.jsonl", 40)])
        self.assertGreater(done["sources"][0]["accuracy"], done["sources"][1]["accuracy"])
        judged = self.succeed(
            "reward", "eval", "-m", self.model, self.data, path, "--json").json
        self.assertEqual(judged["pairs"], 80)
        self.assertEqual([item["source"] for item in judged["sources"]],
                         ["contrary.jsonl", "pairs.jsonl"])
        # What it has learnt from it may know by heart, the light source too.
        self.assertGreaterEqual(
            judged["sources"][0]["accuracy"], judged["sources"][1]["accuracy"])
        adapted = self.lora(path, "-o", self.folder / "both", "--weight", "contrary.jsonl=2")
        self.assertEqual([item["source"] for item in adapted.lines[-1]["sources"]],
                         ["contrary.jsonl", "pairs.jsonl"])

        outcome = self.refuse("train", "reward", "-m", self.model, path, "--weight", "hh=2")
        self.assertIn("contrary.jsonl", outcome.err)
        for wrong in ("contrary.jsonl", "contrary.jsonl=0", "contrary.jsonl=x", "=1"):
            outcome = self.run_program(
                "train", "reward", "-m", self.model, path, "--weight", wrong)
            self.assertNotEqual(outcome.status, 0)

    def test_same_seed_same_file(self):
        paths = [self.folder / "a.safetensors", self.folder / "b.safetensors"]
        for path in paths:
            self.train(self.data, "--seed", "3", "--output", path)
        first, second = (path.read_bytes() for path in paths)
        self.assertEqual(first, second)

    def head(self, name, width):
        """A head of zeros, as it lies beside a body."""
        header = json.dumps({"score.weight": {
            "dtype": "F32", "shape": [1, width], "data_offsets": [0, 4 * width]}}).encode()
        return self.write(name, struct.pack("<Q", len(header)) + header
                          + struct.pack(f"<{width}f", *[0.0] * width))

    def test_anything_published_scores(self):
        """A head beside a body: its score of ids is the head times the last state."""
        head = self.head("head.safetensors", 64)
        ids = self.write("ids.jsonl", json.dumps({"ids": [5, 6, 7]}) + "\n")
        outcome = self.succeed("reward", "score", "-m", self.model, "-r", head, ids)
        self.assertEqual(outcome.lines, [{"reward": 0}])

    def lora(self, *arguments, **more):
        return self.succeed(
            "train", "reward", "-m", self.model, "--method", "lora", "--rank", "2", "--batch", "4",
            "--epochs", "3", "--checkpoint-every", "2", "--learning-rate", "0.003", "--json",
            self.data, *arguments, timeout=300, **more)

    def test_adapter_is_trained_stopped_and_goes_on(self):
        whole, again, stopped = (self.folder / name for name in ("whole", "again", "stopped"))
        lines = self.lora("-o", whole).lines
        done = lines[-1]
        self.assertTrue(done["done"])
        self.assertEqual(lines[0]["phase"], "reading")
        # What the head was fitted to tell is told before the first step.
        judged = [line for line in lines if "held_out_loss" in line]
        self.assertEqual(judged[0]["step"], 0)
        self.assertLess(judged[0]["held_out_loss"], math.log(2))
        steps = [line for line in lines if line.get("loss") is not None]
        self.assertLess(steps[-1]["loss"], 1)
        self.lora("-o", again)
        for name in ("adapter_model.safetensors", "adapter_config.json", "riposte_reward.json"):
            self.assertEqual((whole / name).read_bytes(), (again / name).read_bytes(), name)

        arguments = ["train", "reward", "-m", self.model, "--method", "lora", "--rank", "2",
                     "--batch", "4", "--epochs", "3", "--checkpoint-every", "2",
                     "--learning-rate", "0.003", "--json", self.data, "-o", stopped]
        with subprocess.Popen(
            [BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, env=self.environment,
        ) as process:
            for line in process.stdout:
                if "tokens" in line.decode() and json.loads(line)["step"] >= 5:
                    process.kill()
                    break
            process.stdout.close()
            process.stderr.close()
            process.wait(60)
        self.assertFalse(stopped.exists())
        first = self.lora("-o", stopped).lines[0]
        self.assertGreater(first["step"], 2)
        self.assertEqual((whole / "adapter_model.safetensors").read_bytes(),
                         (stopped / "adapter_model.safetensors").read_bytes())

        scores = self.succeed("reward", "score", "-m", self.model, "-r", whole, self.data).lines
        self.assertEqual(len(scores), 40)
        verdict = self.succeed("reward", "eval", "-m", self.model, "-r", whole, self.data,
                               "--against", again, "--picture", self.folder / "c.svg",
                               "--json").json
        self.assertEqual(verdict["paired"]["difference"], 0)
        self.assertIn("<svg", (self.folder / "c.svg").read_text())
        self.assertIn("LoRA", self.succeed("reward", "show", whole).out)

        # Going on from an adapter begins with what it knows, and keeps its rank.
        onward = self.folder / "onward"
        arguments = ["train", "reward", "-m", self.model, "--method", "lora", "--batch", "4",
                     "--json", self.data, "-o", onward, "--from"]
        gone_on = self.succeed(*arguments, whole, timeout=300).lines
        # As it begins, before any step.
        self.assertEqual(gone_on[0]["step"], 0)
        fresh = self.lora("-o", self.folder / "fresh", "--head-start", "random").lines
        self.assertLess(gone_on[0]["held_out_loss"], next(
            line for line in fresh if "held_out_loss" in line)["held_out_loss"])
        self.assertEqual(json.loads((onward / "adapter_config.json").read_text())["r"], 2)
        self.refuse(*arguments, self.folder, status=1)

    def test_loss_that_explodes_stops(self):
        outcome = self.run_program(
            "train", "reward", "-m", self.model, "--method", "lora", "--rank", "2", "--batch", "4",
            "--epochs", "20", "--checkpoint-every", "1", "--learning-rate", "0.99",
            "--head-learning-rate", "1e30", self.data, "-o", self.folder / "nan", timeout=300)
        self.assertEqual(outcome.status, 1, repr(outcome))
        self.assertIn("last good state", outcome.err)
        self.assertFalse((self.folder / "nan").exists())

    def test_labelled_lines(self):
        self.train(self.data)
        lines = self.succeed("reward", "score", "-m", self.model, "--label", self.data).lines
        self.assertEqual(len(lines), 40)
        original = [json.loads(line) for line in self.data.read_text().splitlines()]
        for line, before in zip(lines, original):
            self.assertLessEqual({"score_chosen", "score_rejected"}, set(line))
            self.assertLessEqual(before.items(), line.items())
        twice = self.write("twice.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        self.refuse("reward", "score", "-m", self.model, "--label", twice, status=1)

    def test_classifier_on_head_and_adapter(self):
        rows = [(f"{word} {number}", label) for number in range(40)
                for word, label in (("please river", "good"), ("zzz boat", "bad"))]
        texts = self.write("texts.tsv", "text\tlabel\n" + "".join(
            f"{text}\t{label}\n" for text, label in rows))
        head, adapter = self.folder / "head.safetensors", self.folder / "adapter"
        done = self.succeed("train", "head", "-m", self.model, texts, "-o", head, "--json",
                            timeout=300).lines[-1]
        self.assertGreater(done["accuracy"], 0.9)
        self.assertIn("{text}", done["form"])
        done = self.succeed("train", "head", "-m", self.model, "--method", "lora", texts, "-o",
                            adapter, "--epochs", "2", "--form", r"Text: {text}\nIs:", "--json",
                            timeout=300).lines[-1]
        self.assertEqual(done["form"], "Text: {text}\nIs:")
        self.assertEqual(json.loads((adapter / "riposte_labels.json").read_text())["form"],
                         "Text: {text}\nIs:")
        self.refuse("train", "head", "-m", self.model, texts, "-o", head, "--form", "Is:", status=1)
        table = self.succeed("eval", "-m", self.model, texts, "--head", head, "--adapter", adapter,
                             "--json", timeout=300).json
        self.assertEqual([row["way"] for row in table], [
            "zero-shot prompt", "zero-shot prompt, calibrated", "frozen head", "adapted body"])
        self.assertGreater(table[2]["accuracy"], 0.9)
        for row in table:
            self.assertGreater(row["peak_rss_bytes"], 1 << 20)
            self.assertGreater(row["ms_a_text"], 0)
        few = self.write("few.tsv", "a\tx\nb\tx\nc\ty\n")
        for method in ("features", "lora"):
            outcome = self.refuse("train", "head", "-m", self.model, "--method", method, few, "-o",
                                  head, status=1)
            self.assertIn('The label "y" has 1 example', outcome.err)
            outcome = self.refuse("train", "head", "-m", self.model, "--method", method,
                                  self.write("one.tsv", "a\tx\nb\tx\n"), "-o", head, status=1)
            self.assertIn('only "x"', outcome.err)

    def test_template_is_judged_by_its_own_prompt(self):
        template = self.write("moods.yaml", """
name: moods
mode: plain
examples:
  - { user: "Text: please river\\nMood:", assistant: " good" }
  - { user: "Text: zzz boat\\nMood:", assistant: " bad" }
input: "Text: {{ input }}\\nMood:"
labels: [good, bad]
""")
        texts = {"a stone please": "good", "zzz": "bad"}
        file = self.write("moods.tsv", "".join(f"{t}\t{label}\n" for t, label in texts.items()))
        loss = 0.0
        for text, label in texts.items():
            reply = self.succeed("ask", "-m", self.model, "-t", template, "--json", text).json
            chances = {each["label"]: each["probability"] for each in reply["labels"]}
            loss -= math.log(chances[label]) / len(texts)
        table = self.succeed("eval", "-m", self.model, "-t", template, file, "--json").json
        self.assertEqual([row["way"] for row in table[2:]],
                         ["few-shot prompt (moods)", "few-shot prompt (moods), calibrated"])
        self.assertAlmostEqual(table[2]["log_loss"], loss, 4)
        other = self.write("other.tsv", "a\tx\nb\ty\n")
        self.assertIn("moods", self.refuse(
            "eval", "-m", self.model, "-t", template, other, status=1).err)

    def test_rankings_are_learnt_from(self):
        report = self.succeed("rankings", "import", self.data, "--json").json
        self.assertEqual(report["rankings"], 40)
        self.assertEqual(len(self.succeed("rankings", "list", "--json").json), 40)
        counts = self.succeed("rankings", "stats", "--json").json
        self.assertEqual((counts["rankings"], counts["ordered_pairs"]), (40, 40))
        done = self.train().lines[-1]
        self.assertEqual(done["pairs"], 40)
        exported = self.succeed("rankings", "export", "--format", "trl").lines
        self.assertEqual(len(exported), 40)
        self.assertTrue(all(line["chosen"][0]["content"].startswith("please")
                            for line in exported))
        # Everything that is recorded comes back into an empty store.
        own = self.write("own.jsonl", self.succeed("rankings", "export").out)
        again = self.succeed("rankings", "import", own, "--json",
                             RIPOSTE_DATA_HOME=str(self.folder / "other")).json
        self.assertEqual(again["rankings"], 40)

    def test_broken_import_leaves_no_store(self):
        good = self.data.read_text()
        broken = self.write("broken.jsonl", good + '{"prompt": "a", "chosen": ')
        missing = self.folder / "missing.jsonl"
        data = self.folder / "data"
        for command, file in [("rankings", broken), ("rankings", missing),
                              ("conversations", broken), ("conversations", missing)]:
            with self.subTest(command=command, file=file.name):
                outcome = self.refuse(command, "import", file, status=1)
                self.assertIn(file.name, outcome.err)
                self.assertEqual([], [p for p in data.rglob("*") if p.is_file()])
        # A broken file beside rankings that are there takes nothing from them.
        self.succeed("rankings", "import", self.data)
        self.refuse("rankings", "import", broken, status=1)
        self.assertEqual(len(self.succeed("rankings", "list", "--json").json), 40)

    def test_nothing_to_learn_from(self):
        tied = '{"prompt": "a", "replies": ["b", "c"], "pairs": [[0, 1, 0]]}\n'
        for content, reason in [
            ("", "no preferences"),
            ('{"prompt": "a", "chosen": "b", "rejected": "b"}\n', "both replies are the same"),
            (tied, "All 1 comparisons are ties"),
            (tied + tied.replace('"a"', '"d"'), "All 2 comparisons are ties"),
            ('{"prompt": "a", "chosen": "b", "rejected": "c"}\n', "at least 2 are needed"),
        ]:
            with self.subTest(content=content):
                path = self.write("few.jsonl", content)
                for method in ("features", "lora"):
                    outcome = self.run_program(
                        "train", "reward", "-m", self.model, "--method", method, path)
                    self.assertEqual(outcome.status, 1, repr(outcome))
                    self.assertEqual(outcome.out, "", repr(outcome))
                    self.assertIn(reason, outcome.err)
                    self.assertFalse((self.folder / "data" / "rewards").exists())

    def test_broken_line(self):
        good = self.data.read_text()
        for line in ['{"prompt": "a", "chosen": ', '{"chosen": "a"}', "[]", '{"replies": ["a"]}']:
            with self.subTest(line=line):
                path = self.write("broken.jsonl", good + line + "\n")
                for command in (["train", "reward"], ["train", "reward", "--method", "lora"],
                                ["reward", "eval", "-r", "default"]):
                    outcome = self.refuse(*command, "-m", self.model, path, status=1)
                    self.assertIn("41", outcome.err)
                    self.assertIn("broken.jsonl", outcome.err)

    def test_broken_reward_model(self):
        for content in [b"", b"x" * 100, b"\xff" * 8 + b"{}", (2**62).to_bytes(8, "little") + b"{}"]:
            with self.subTest(content=content):
                path = self.write("broken.safetensors", content)
                outcome = self.refuse(
                    "reward", "score", "-m", self.model, "-r", path, self.data, status=1)
                self.assertIn("broken.safetensors", outcome.err)

    def test_wrong_base_model(self):
        self.train(self.data)
        other = self.write("other.gguf", tiny_gguf.build(
            weights=list(tiny_gguf.tensors(seed=2))))
        outcome = self.refuse("reward", "score", "-m", other, self.data, status=1)
        self.assertIn("tiny", outcome.err)
        # The same of an adapter, of a classifier, and of a head that is of another width.
        self.lora("-o", self.folder / "adapter")
        outcome = self.refuse("reward", "score", "-m", other, "-r", self.folder / "adapter",
                              self.data, status=1)
        self.assertIn("was trained for base model", outcome.err)
        narrow = self.head("narrow.safetensors", 32)
        outcome = self.refuse("reward", "score", "-m", self.model, "-r", narrow, self.data,
                              status=1)
        self.assertIn("score.weight is [1, 32], and the body is 64 wide", outcome.err)
        texts = self.write("texts.tsv", "".join(
            f"{word} {number}\t{word}\n" for number in range(20) for word in ("boat", "river")))
        classifier = self.folder / "classifier.safetensors"
        self.succeed("train", "head", "-m", self.model, texts, "-o", classifier, "--json",
                     timeout=300)
        outcome = self.refuse("eval", "-m", other, texts, "--head", classifier, status=1)
        self.assertIn("base model", outcome.err)

    def test_published_model_without_its_head(self):
        golden = Path(__file__).parents[1] / "TrainingTests/Goldens/reward/llama"
        folder = self.folder / "published"
        folder.mkdir()
        for name in ("config.json", "model.safetensors"):
            (folder / name).write_bytes((golden / name).read_bytes())
        ids = self.write("ids.jsonl", json.dumps({"ids": [5, 6, 7]}) + "\n")
        self.succeed("reward", "score", "-r", folder, ids)
        data = (folder / "model.safetensors").read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + length])
        # The numbers stay where they are: only the name is gone.
        del header["score.weight"]
        text = json.dumps(header, separators=(",", ":")).encode().ljust(length)
        (folder / "model.safetensors").write_bytes(data[:8] + text + data[8 + length:])
        outcome = self.refuse("reward", "score", "-r", folder, ids, status=1)
        self.assertIn("it has no score.weight, so it gives no score", outcome.err)
        self.assertIn("published", outcome.err)


if __name__ == "__main__":
    unittest.main()
