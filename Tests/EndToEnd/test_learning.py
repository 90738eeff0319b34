"""A reward model learnt from the chat itself, taken and left by one key each. By a model whose
states are the words themselves, so that a taste for a word can be learnt from it."""

import json

import speaking_gguf
from riposte import BINARY, SandboxCase
from tmux import Screen, needs_tmux

NAMES = ["Heron", "Puffin", "Tern"]


class LearningCase(SandboxCase):
    def setUp(self):
        super().setUp()
        self.model = self.write("speaker.gguf", speaking_gguf.build())

    def rank(self, first, count):
        """Whoever ranks likes herons, whatever else is said."""
        lines = []
        for number in range(first, first + count):
            other = NAMES[1 + number % 2]
            start = ["The boat is called", "Call it", "A boat should be called"][number % 3]
            lines.append(json.dumps({
                "prompt": [{"role": "user", "content": f"Name boat {number}"}],
                "chosen": [{"role": "assistant", "content": f"{start} Heron."}],
                "rejected": [{"role": "assistant", "content": f"{start} {other}."}]}))
        path = self.write(f"ranked-{first}.jsonl", "\n".join(lines) + "\n")
        self.succeed("rankings", "import", path)

    def active(self):
        return [entry["name"] for entry in self.succeed("reward", "show", "--json").json
                if entry["active"]]


@needs_tmux
class ScreenTests(LearningCase):
    def open(self):
        environment = self.environment | {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
        environment.pop("LC_ALL", None)
        screen = Screen(environment, 120, 40, self.folder)
        self.addCleanup(screen.close)
        screen.type(f" clear; {BINARY} chat -m {self.model} --temperature 1 --seed 1")
        screen.keys("Enter")
        screen.wait_for("write a message", timeout=60)
        return screen

    def test_learnt_taken_and_left_by_one_key_each(self):
        self.rank(0, 24)
        screen = self.open()
        screen.keys("M-r")
        screen.wait_for("new reward: Alt+a", timeout=120)
        screen.wait_for("of 24 held-out comparisons (24 prompts), a coin with 50%")
        self.assertEqual(self.active(), [])
        # An offer is in nobody's way.
        screen.type("Name a boat")
        screen.keys("Enter")
        screen.wait_for(lambda shown: "Name a boat" in shown and "type ahead" not in shown)
        screen.keys("M-a")
        screen.wait_for("rankings scores replies from now on")
        self.assertEqual(self.active(), ["rankings"])
        screen.type("Name another")
        screen.keys("Enter")
        screen.wait_for("reward rankings")
        screen.keys("M-z")
        screen.wait_for("Replies are not scored")
        self.assertEqual(self.active(), [])
        screen.keys("F10")
        screen.wait_for(lambda _: not screen.on_alternate_screen())

    def test_too_few_rankings(self):
        self.rank(0, 3)
        screen = self.open()
        screen.keys("M-r")
        screen.wait_for("Replies to 3 prompts are ranked, and at least 8")
        screen.keys("F10")
        screen.wait_for(lambda _: not screen.on_alternate_screen())


class LineTests(LearningCase):
    def chat(self, *lines):
        return self.succeed(
            "chat", "-m", self.model, "--temperature", "1", "--seed", "5", "--screen-reader",
            input="".join(line + "\n" for line in lines)).out

    def test_only_a_better_one_is_offered(self):
        self.assertIn("No replies are ranked yet", self.chat("/train"))
        self.rank(0, 24)
        out = self.chat("/train", "/train take", "/n 2", "Name a boat")
        self.assertIn("The new reward model agrees with you in", out)
        self.assertIn("rankings scores replies from now on", out)
        self.assertIn("reward", out[out.rindex("Reply 1 of 2"):])
        # It learnt from all there is: nothing says whether another is better.
        self.assertIn("Only 0 comparisons are newer than what rankings learnt from",
                      self.chat("/train"))
        # Of six new ones both have all right.
        self.rank(24, 6)
        out = self.chat("/train", "/train take")
        self.assertIn("No better reward model yet", out)
        self.assertIn("of 6 held-out comparisons (6 prompts), rankings with 100%", out)
        self.assertIn("There is no new reward model", out)
        self.assertEqual(self.active(), ["rankings"])
        self.assertIn("Replies are not scored.", self.chat("/train back"))
        self.assertEqual(self.active(), [])


class BestOfTests(LearningCase):
    def test_hopeless_replies_are_stopped_and_the_best_is_kept(self):
        self.rank(0, 24)
        self.succeed("train", "reward", "-m", self.model, "--name", "herons", "--no-activate")

        def ask(*options):
            return self.succeed(
                "ask", "-m", self.model, "--temperature", "1", "--seed", "3", "-n", "24", "--best",
                "--reward", "herons", *options, "Name a boat")

        plain = ask("--json").json
        self.assertNotIn("stopped", plain)
        stopping = ("--stop-hopeless", "--hopeless-after", "3", "--hopeless-margin", "0.5")
        outcome = ask(*stopping, "--json")
        found = outcome.json
        self.assertEqual(found["candidates"][0], plain["candidates"][0])
        reasons = [candidate["finish_reason"] for candidate in found["candidates"]]
        count = reasons.count("hopeless")
        self.assertGreater(count, 0)
        # Those that were stopped come last, and are the beginnings of what they were.
        self.assertEqual(reasons[-count:], ["hopeless"] * count)
        whole = {candidate["seed"]: candidate["ids"] for candidate in plain["candidates"]}
        for candidate in found["candidates"]:
            ids = whole[candidate["seed"]]
            if candidate["finish_reason"] == "hopeless":
                self.assertLess(len(candidate["ids"]), len(ids))
            self.assertEqual(candidate["ids"], ids[:len(candidate["ids"])])
        self.assertEqual(found["stopped"]["replies"], count)
        self.assertGreater(found["stopped"]["saved_tokens"], 0)
        self.assertGreater(found["stopped"]["judged_tokens"], 0)
        self.assertIn(f"Stopped {count} of 24 replies as hopeless", outcome.err)

        text = ask(*stopping)
        self.assertEqual(text.out.rstrip("\n"), plain["candidates"][0]["text"])
        # With a margin as wide as the world nothing is.
        calm = ask("--stop-hopeless", "--hopeless-after", "3", "--hopeless-margin", "1000")
        self.assertIn("No reply was hopeless", calm.err)

    def test_options_that_do_not_fit(self):
        for options in (["--stop-hopeless"], ["--stop-hopeless", "--best", "--picture", "a.svg"],
                        ["--stop-hopeless", "--best", "--hopeless-margin", "0"],
                        ["--stop-hopeless", "--best", "--hopeless-after", "0"]):
            outcome = self.run_program("ask", "-m", self.model, *options, "Name a boat")
            self.assertNotEqual(outcome.status, 0)
            self.assertIn("--", outcome.err)
