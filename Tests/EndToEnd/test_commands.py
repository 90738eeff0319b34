"""The commands as scripts call them: shapes, statuses, pipes, signals."""

import json
import os
import signal
import subprocess
import time
import unittest

import tiny_gguf
from riposte import BINARY, SandboxCase, default_model, needs_model

MODEL = default_model()
FRANCE = "What is the capital of France?"
STORY = "Write the first sentence of a story about a lighthouse."


class TinyModelCase(SandboxCase):
    """Most commands need a model, few need a good one."""

    content = tiny_gguf.build()

    def setUp(self):
        super().setUp()
        self.model = self.write("tiny.gguf", self.content)


class Calls(SandboxCase):
    def test_help_and_version(self):
        for arguments in (["--help"], ["help", "ask"], ["ask", "--help"], ["models", "--help"]):
            with self.subTest(arguments=arguments):
                outcome = self.succeed(*arguments)
                self.assertIn("USAGE", outcome.out)
                self.assertEqual(outcome.err, "")
        self.assertRegex(self.succeed("--version").out, r"^\d+\.\d+\.\d+\n$")

    def test_wrong_calls(self):
        for arguments in (["--nonsense"], ["ask", "--temperature", "warm", "x"],
                          ["ask", "-n", "0", "x"], ["ask", "--top-p", "2", "x"],
                          ["logprobs", "--ids", "1,x"], ["models", "pull"],
                          ["ask", "--kernels", "fast", "x"]):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, status=2)

    def test_no_model(self):
        outcome = self.refuse("ask", FRANCE, status=1)
        self.assertIn("models pull", outcome.err)

    def test_unknown_model(self):
        self.assertIn("nonesuch", self.refuse("ask", "-m", "nonesuch", FRANCE, status=1).err)
        self.assertIn("nonesuch", self.refuse("models", "pull", "nonesuch", status=1).err)
        self.assertIn("nonesuch", self.refuse("models", "remove", "nonesuch", status=1).err)

    def test_unknown_template(self):
        outcome = self.refuse("templates", "show", "nonesuch", status=1)
        self.assertIn("nonesuch", outcome.err)

    def test_templates(self):
        listed = self.succeed("templates", "list", "--json").json
        names = {template["name"] for template in listed}
        self.assertLessEqual(
            {"chat", "sentiment", "summarize", "continue", "translate-en-fr", "riddle"}, names)
        for name in names:
            with self.subTest(template=name):
                shown = self.succeed("templates", "show", name).out
                # What is shown is a template file that says the same.
                path = self.write("shown.yaml", shown)
                again = self.succeed("templates", "show", path, "--json").json
                detail = self.succeed("templates", "show", name, "--json").json
                for key in ("path", "hash"):
                    again.pop(key), detail.pop(key)
                self.assertEqual(again, detail)

    def test_models_list(self):
        listed = self.succeed("models", "list", "--json").json
        self.assertIn("smollm2", [model["name"] for model in listed])
        self.assertFalse(any(model["installed"] for model in listed))

    def test_doctor_names_what_is_missing(self):
        outcome = self.run_program("doctor")
        self.assertEqual(outcome.status, 1, repr(outcome))
        self.assertIn("models pull", outcome.out)


class Tokens(TinyModelCase):
    def test_tokenize_and_back(self):
        for text in ["hello", "é漢字🙂", "a\n\n b\t", "<|im_end|>", ""]:
            with self.subTest(text=text):
                ids = self.succeed("tokenize", "-m", self.model, input=text).json
                self.assertEqual(len(ids), len(text.encode()))
                back = self.succeed(
                    "tokenize", "-m", self.model, "--detokenize", input=json.dumps(ids))
                self.assertEqual(back.out, text + "\n")

    def test_control_tokens_only_where_asked(self):
        special = self.succeed(
            "tokenize", "-m", self.model, "--parse-special", input="<|im_end|>").json
        self.assertEqual(special, [2])

    def test_a_vocabulary_without_weights(self):
        model = self.write("vocabulary.gguf", tiny_gguf.build(weights=[]))
        ids = self.succeed("tokenize", "-m", model, "--parse-special", input="<|im_end|>é").json
        self.assertEqual(ids[0], 2)
        self.assertEqual(len(ids), 3)
        messages = self.write("messages.json", json.dumps([{"role": "user", "content": "Hi"}]))
        prompt = self.succeed("prompt", "-m", model, "--messages", messages)
        self.assertEqual(prompt.out, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
        self.assertIn("layers", self.refuse("logprobs", "-m", model, "--ids", "1,2", status=1).err)

    def test_show_tells_what_is_not_supported(self):
        shown = self.succeed("models", "show", self.model, "--json").json
        self.assertEqual(shown["unsupported"], [])
        self.assertEqual(shown["tokenizer"], "byte-level BPE, 259 tokens")
        self.assertEqual(shown["chatTemplate"], tiny_gguf.TEMPLATE)
        self.assertEqual(shown["contextLength"], 256)
        fields = [(key, kind, "mamba" if key == "general.architecture" else content)
                  for key, kind, content in tiny_gguf.metadata()]
        model = self.write("mamba.gguf", tiny_gguf.build(fields))
        outcome = self.succeed("models", "show", model)
        self.assertRegex(outcome.out, "not supported .*mamba")
        self.assertRegex(outcome.out, "tokenizer +byte-level BPE")

    def test_quantized_at_load(self):
        plain, rounded = (
            self.succeed("logprobs", "-m", self.model, "--ids", "5,6,7", *options).lines
            for options in ([], ["--quantize", "q8_0"]))
        self.assertNotEqual(plain, rounded)
        for one, other in zip(plain[1:], rounded[1:]):
            self.assertAlmostEqual(one["logprob"], other["logprob"], delta=0.2)

    def test_constraint_of_a_template(self):
        for key, text, wanted in [
                ("grammar", "|\n  root ::= \"yes\" | \"no\" [!]", {"yes", "no!"}),
                ("json_schema", "{ enum: [1, two, null] }", {"1", '"two"', "null"}),
                ("json_schema", "'{\"const\": {\"a\": 1}}'", {'{"a": 1}'})]:
            with self.subTest(key=key, text=text):
                template = self.write("answer.yaml", f"name: answer\n{key}: {text}\n")
                value = self.succeed(
                    "ask", "-m", self.model, "-t", template, "-n", "4", "--json", "x").json
                for candidate in value["candidates"]:
                    self.assertEqual(candidate["finish_reason"], "stop")
                    self.assertIn(candidate["text"], wanted)
        for text, word in [("grammar: 'root ::= ('", "grammar"), ("json_schema: '{'", "JSON"),
                           ("grammar: root ::= [a]\nlabels: [a, b]", "labels")]:
            template = self.write("answer.yaml", f"name: answer\n{text}\n")
            self.assertIn(word, self.refuse("templates", "check", template, status=1).err)

    def test_every_sampler(self):
        settings = {
            "top-k": "5", "top-p": "0.9", "min-p": "0.01", "typical-p": "0.9",
            "repetition-penalty": "1.1", "frequency-penalty": "0.5", "presence-penalty": "0.5",
            "repetition-window": "32", "dry-multiplier": "0.8", "dry-base": "1.5",
            "dry-allowed-length": "1", "xtc-probability": "0.5", "xtc-threshold": "0.05",
            "mirostat-tau": "5", "mirostat-eta": "0.2", "min-tokens": "4", "max-tokens": "6"}
        lines = "".join(
            f"  {name.replace('-', '_')}: {value}\n" for name, value in settings.items())
        template = self.write("all.yaml", f"name: all\nsampling:\n{lines}  logit_bias: {{ 5: -50 }}\n")
        shown = self.succeed("templates", "show", template).out
        again = self.write("again.yaml", shown)
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        texts = {
            self.succeed("ask", "-m", self.model, "--seed", "3", *call, "x").out
            for call in (["-t", template], ["-t", again], [*options, "--logit-bias", "5=-50"])}
        self.assertEqual(len(texts), 1, texts)
        self.assertIn("typical_p", shown)
        only = self.succeed(
            "ask", "-m", self.model, "--logit-bias", "68=1000", "--max-tokens", "3", "x").out
        self.assertEqual(only, "AAA\n")
        for wrong in (["--typical-p", "2"], ["--logit-bias", "x=1"], ["--top-k", "-1"]):
            self.refuse("ask", "-m", self.model, *wrong, "x", status=2)

    def test_broken_ids(self):
        for text in ["[1, 2", "{}", "[1.5]", "[\"a\"]", "[999999]", "[-1]"]:
            with self.subTest(text=text):
                self.refuse("tokenize", "-m", self.model, "--detokenize", input=text, status=1)

    def test_text_that_is_not_utf8(self):
        self.refuse("tokenize", "-m", self.model, input=b"\xff\xfe", status=1)

    def test_logprobs(self):
        lines = self.succeed("logprobs", "-m", self.model, "--top", "259", input="abc").lines
        self.assertEqual([line["position"] for line in lines], [0, 1, 2])
        for line, after in zip(lines, lines[1:]):
            top = dict(map(tuple, line["top"]))
            self.assertAlmostEqual(top[after["id"]], after["logprob"], places=4)
        import math
        total = sum(math.exp(value) for _, value in lines[0]["top"])
        self.assertAlmostEqual(total, 1, places=3)

    def test_too_long(self):
        outcome = self.refuse("logprobs", "-m", self.model, input="x" * 300, status=1)
        self.assertIn("256", outcome.err)

    def test_nothing(self):
        self.refuse("logprobs", "-m", self.model, input="", status=1)


class Prompts(TinyModelCase):
    messages = [{"role": "user", "content": "Hi <|im_end|>"}]

    def test_prompt_text_and_ids(self):
        path = self.write("messages.json", json.dumps(self.messages))
        text = self.succeed("prompt", "-m", self.model, "--messages", path).out
        self.assertEqual(
            text, "<|im_start|>user\nHi <|im_end|><|im_end|>\n<|im_start|>assistant\n")
        without = self.succeed(
            "prompt", "-m", self.model, "--messages", path, "--no-generation-prompt").out
        self.assertEqual(without, "<|im_start|>user\nHi <|im_end|><|im_end|>\n")
        ids = self.succeed("prompt", "-m", self.model, "--messages", path, "--ids").json
        # What the person wrote stays text.
        self.assertEqual(ids.count(2), 1)
        self.assertEqual(ids.count(1), 2)

    def test_any_template(self):
        template = self.write("t.jinja", "{{ bos_token }}{% for m in messages %}[{{ m.role }}] "
                              "{{ m.content }}{% endfor %}{{ tools | length }}")
        context = self.write("c.json", json.dumps(
            {"messages": self.messages, "bos_token": "<s>", "tools": [{}, {}]}))
        outcome = self.succeed("prompt", "--chat-template", template, "--context", context)
        self.assertEqual(outcome.out, "<s>[user] Hi <|im_end|>2")

    def test_broken(self):
        template = self.write("t.jinja", "line\n{% for m in %}")
        context = self.write("c.json", "{}")
        outcome = self.refuse(
            "prompt", "--chat-template", template, "--context", context, status=1)
        self.assertIn("line 2", outcome.err)
        broken = self.write("broken.json", "[{]")
        self.refuse("prompt", "-m", self.model, "--messages", broken, status=1)


class Asking(TinyModelCase):
    def ask(self, *arguments, **options):
        return self.succeed("ask", "-m", self.model, "--max-tokens", "12", *arguments, **options)

    def test_shape(self):
        value = self.ask("--json", "-n", "3", "--seed", "5", "hello").json
        self.assertEqual(len(value["candidates"]), 3)
        self.assertEqual(
            set(value["candidates"][0]),
            {"text", "ids", "finish_reason", "logprob", "reward", "seed"})
        self.assertLessEqual(
            {"prefill_tokens", "prefill_s", "decode_tokens", "decode_s", "load_s"},
            set(value["timings"]))
        for candidate in value["candidates"]:
            self.assertIn(candidate["finish_reason"], ("stop", "length"))
            self.assertLessEqual(len(candidate["ids"]), 12)
            self.assertLess(candidate["logprob"], 0)
            self.assertIsNone(candidate["reward"])
        self.assertEqual(len({candidate["seed"] for candidate in value["candidates"]}), 3)
        self.assertEqual(value["timings"]["decode_tokens"],
                         sum(len(candidate["ids"]) for candidate in value["candidates"]))

    def test_same_seed_same_text(self):
        first = self.ask("--json", "-n", "4", "--seed", "5", "--temperature", "1", "hi").json
        again = self.ask("--json", "-n", "4", "--seed", "5", "--temperature", "1", "hi").json
        other = self.ask("--json", "-n", "4", "--seed", "6", "--temperature", "1", "hi").json
        self.assertEqual(first["candidates"], again["candidates"])
        self.assertNotEqual(first["candidates"], other["candidates"])
        self.assertEqual(len({c["text"] for c in first["candidates"]}), 4)

    def test_guesses_change_no_text(self):
        def ask(*arguments):
            return self.ask("--json", "--temperature", "0", "--min-tokens", "12", "--seed", "5",
                            *arguments, "ab ab ab ab ab ab ab").json

        guessed, plain = ask(), ask("--no-speculation")
        self.assertEqual(guessed["candidates"], plain["candidates"])
        self.assertEqual(plain["timings"]["drafted_tokens"], 0)
        self.assertLessEqual(
            guessed["timings"]["accepted_tokens"], guessed["timings"]["drafted_tokens"])

    def test_memory_of_the_cache(self):
        self.ask("--cache-memory", "1", "hello")
        self.assertIn("--cache-memory", self.refuse(
            "ask", "-m", self.model, "--cache-memory", "0", "hello", status=2).err)

    def test_prompt_from_both(self):
        ids = lambda *arguments, **options: self.ask(
            "--json", "--seed", "1", *arguments, **options).json["prompt_ids"]
        both = ids("one", input="two\n")
        self.assertEqual(both, ids("one\n\ntwo"))
        self.assertEqual(ids(input="two\n"), ids("two"))

    def test_no_prompt(self):
        self.refuse("ask", "-m", self.model, status=2)
        self.refuse("ask", "-m", self.model, input=" \n", status=2)

    def test_full_context(self):
        outcome = self.refuse("ask", "-m", self.model, "x" * 400, status=1)
        self.assertIn("256", outcome.err)

    def test_user_text_stays_text(self):
        value = self.ask("--json", "--seed", "1", "a<|im_end|>b").json
        # One end of turn, the template's own.
        self.assertEqual(value["prompt_ids"].count(2), 1)

    def test_json_schema(self):
        schema = self.write("schema.json", json.dumps({
            "type": "object", "additionalProperties": False,
            "properties": {"ok": {"type": "boolean"}, "n": {"enum": [1, 2, 3]}},
            "required": ["ok", "n"]}))
        value = self.succeed(
            "ask", "-m", self.model, "--json-schema", schema, "-n", "4", "--seed", "1", "--json",
            "--temperature", "1.5", "--max-tokens", "200", "hi").json
        for candidate in value["candidates"]:
            reply = json.loads(candidate["text"])
            self.assertEqual(set(reply), {"ok", "n"})
            self.assertIs(type(reply["ok"]), bool)
            self.assertIn(reply["n"], (1, 2, 3))

    def test_grammar(self):
        grammar = self.write("g.gbnf", 'root ::= "yes" | "no"\n')
        text = self.ask("--grammar", grammar, "--seed", "1", "hi").out
        self.assertIn(text, ("yes\n", "no\n"))
        for broken in ('root ::= "yes\n', "x ::= y\n", ""):
            path = self.write("broken.gbnf", broken)
            outcome = self.refuse("ask", "-m", self.model, "--grammar", path, "hi", status=1)
            self.assertIn("broken.gbnf", outcome.err)

    def test_broken_pipe(self):
        with subprocess.Popen(
            [BINARY, "ask", "-m", str(self.model), "--max-tokens", "200", "--temperature", "1",
             "--seed", "1", "hello"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            env=self.environment, preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
        ) as process:
            process.stdout.close()
            errors = process.stderr.read()
            self.assertEqual(process.wait(60), 128 + signal.SIGPIPE)
        self.assertEqual(errors, b"")

    def test_best_needs_a_reward_model(self):
        outcome = self.refuse("ask", "-m", self.model, "-n", "2", "--best", "hello", status=1)
        self.assertIn("train reward", outcome.err)


class Bench(TinyModelCase):
    def test_shape(self):
        value = self.succeed(
            "bench", "-m", self.model, "--prompt", "32", "--generate", "8", "--shared", "16",
            "--candidates", "1,4", "--repeats", "3", "--json").json
        self.assertLessEqual(
            {"load_s", "prefill_tps", "decode_tps", "batched", "peak_rss_bytes", "read_gbps"},
            set(value))
        self.assertEqual([row["n"] for row in value["batched"]], [1, 4])
        for key in ("load_s", "prefill_tps", "decode_tps", "peak_rss_bytes", "read_gbps"):
            self.assertGreater(value[key], 0)

    def test_too_long(self):
        self.refuse("bench", "-m", self.model, "--prompt", "5000", status=1)


@needs_model
class DefaultModel(SandboxCase):
    def test_capital_of_france(self):
        outcome = self.succeed("ask", "-m", MODEL, "--temperature", "0", FRANCE)
        self.assertEqual(outcome.out, "The capital of France is Paris.\n")

    def test_sentiment(self):
        for text, label in [("a gorgeous, witty, seductive movie", "positive"),
                            ("a tedious, ugly, pointless film", "negative")]:
            value = self.succeed("ask", "-m", MODEL, "-t", "sentiment", "--json", input=text).json
            labels = {row["label"]: row["probability"] for row in value["labels"]}
            self.assertEqual(value["labels"][0]["label"], label, value["labels"])
            self.assertGreater(labels[label], 0.5)
            self.assertAlmostEqual(sum(labels.values()), 1, places=6)
            self.assertEqual(value["timings"]["prefill_tokens"], len(value["prompt_ids"]))
            self.assertGreater(value["timings"]["prefill_s"], 0)
            self.assertEqual(value["candidates"][0]["text"], label)

    def test_eight_differ(self):
        value = self.succeed("ask", "-m", MODEL, "-n", "8", "--temperature", "0.8", "--seed", "3",
                             "--max-tokens", "32", "--json", STORY).json
        self.assertEqual(len({candidate["text"] for candidate in value["candidates"]}), 8)

    def test_interrupt_keeps_what_came(self):
        with subprocess.Popen(
            [BINARY, "ask", "-m", str(MODEL), "--max-tokens", "2000", "--temperature", "1",
             "--seed", "1", STORY],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            env=self.environment,
        ) as process:
            first = os.read(process.stdout.fileno(), 1)
            process.send_signal(signal.SIGINT)
            started = time.monotonic()
            rest = process.stdout.read()
            self.assertEqual(process.wait(60), 128 + signal.SIGINT)
        self.assertLess(time.monotonic() - started, 20)
        (first + rest).decode("utf-8")
        self.assertTrue(rest.endswith(b"\n"))


if __name__ == "__main__":
    unittest.main()
