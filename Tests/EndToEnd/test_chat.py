"""The chat with the default model in a real terminal: turns, boards, rankings, templates,
the exact prompt, and what is in the store afterwards."""

import random
import re
import subprocess
import unittest

from riposte import BINARY, SandboxCase, default_model, needs_model
from tmux import IDLE, Screen, needs_tmux


@needs_tmux
@needs_model
class ChatCase(SandboxCase):
    columns, rows = 80, 24

    def setUp(self):
        super().setUp()
        self.environment |= {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
        for name in ("LC_ALL", "NO_COLOR"):
            self.environment.pop(name, None)
        self.screen = Screen(self.environment, self.columns, self.rows, self.folder)
        self.addCleanup(self.screen.close)

    def start(self, *options):
        command = " ".join([str(BINARY), "chat", "-m", str(default_model()), *options])
        self.screen.type(f" clear; {command}")
        self.screen.keys("Enter")
        self.screen.wait_for("write a message", timeout=60)

    def say(self, text: str):
        self.screen.type(text)
        self.screen.keys("Enter")

    def idle(self):
        """No reply is being written, and the composer is empty."""
        self.screen.wait_for(IDLE, timeout=120)

    def quit(self):
        self.screen.keys("F10")
        self.screen.wait_for(lambda _: not self.screen.on_alternate_screen())

    def json(self, *arguments):
        return self.succeed(*arguments, "--json")


class Chat80x24(ChatCase):
    def test_two_turns_are_answered_and_stored(self):
        self.start("--temperature", "0")
        self.say("What is the capital of France?")
        self.screen.wait_for("The capital of France is Paris.", timeout=60)
        self.idle()
        self.say("Say hello.")
        self.screen.wait_for(re.compile(r"Say hello\.\s+\S"), timeout=60)
        self.idle()
        self.quit()
        shown = self.succeed("conversations", "list").out
        self.assertIn("What is the capital of France?", shown)

    def test_ranking_by_keys_is_recorded(self):
        self.start("-n", "4", "--max-tokens", "24")
        self.say("Name a colour.")
        self.screen.wait_for("Tab board", timeout=60)
        self.screen.wait_for(lambda shown: "type ahead" not in shown, timeout=120)
        self.screen.keys("Tab")
        self.screen.wait_for("1–9 rank")
        for key in ("1", "Right", "2", "Right", "=", "Right", "3"):
            self.screen.keys(key)
        self.screen.keys("Enter")
        self.screen.wait_for("Ranking recorded", timeout=30)
        self.quit()
        records = self.json("rankings", "list").json
        self.assertEqual(len(records), 1)
        replies = records[0]["replies"]
        texts = [reply["text"] for reply in replies]
        if len(set(texts)) == 4:
            self.assertEqual([reply["rank"] for reply in replies], [1, 2, 2, 3])
        self.assertFalse(records[0]["scores_visible"])
        self.assertFalse(records[0]["all_bad"])

    def test_template_changes_the_next_prompt(self):
        self.start()
        self.screen.keys("F2")
        self.screen.wait_for("Templates")
        self.screen.type("sentiment")
        self.screen.keys("Enter")
        self.screen.wait_for("The next reply uses the template sentiment")
        self.say("a gorgeous, witty, seductive movie")
        self.screen.wait_for(re.compile(r"positive\s.*0\.\d+"), timeout=60)
        self.screen.keys("F9")
        # The examples of the template stand before the person's own text.
        self.screen.wait_for("Sentiment: positive")
        self.screen.wait_for("Review: a gorgeous")
        # Escape and a key at once would be one key with Alt.
        self.screen.keys("Escape")
        self.screen.wait_for(lambda text: "The exact prompt" not in text)
        self.quit()

    def test_escape_stops_and_keeps_the_text(self):
        self.start("--max-tokens", "400")
        self.say("Tell me a very long story about the sea.")
        self.screen.wait_for("writing", timeout=60)
        self.screen.keys("Escape")
        self.screen.wait_for("stopped", timeout=10)
        self.idle()
        self.quit()

    def test_sizes_change_while_replies_stream(self):
        self.start("-n", "4", "--max-tokens", "120")
        self.say("Write a short poem.")
        self.screen.wait_for("writing", timeout=60)
        numbers = random.Random(7)
        for _ in range(60):
            self.screen.resize(numbers.randint(20, 220), numbers.randint(5, 60))
        self.screen.resize(100, 30)
        self.idle()
        self.screen.wait_for(
            lambda shown: shown.count("╭") == 4 and "Write a short poem." in shown
            and "Tab board" in shown)
        self.quit()

    def test_wide_characters_are_typed_and_edited(self):
        self.start()
        self.screen.type("é漢字🙂x")
        self.screen.keys("BSpace", "Left", "BSpace")
        self.screen.wait_for(re.compile("› é漢🙂"))
        self.quit()

    def test_line_mode_has_the_same_functions(self):
        lines = "/n 3\nName a colour.\n/rank 1 2 2\n"
        outcome = self.succeed(
            "chat", "-m", default_model(), "--max-tokens", "12", "--seed", "3", "--top-k", "0",
            "--temperature", "1.5", input=lines)
        self.assertIn("Reply 1 of 3", outcome.out)
        self.assertIn("Ranking recorded", outcome.out)
        self.assertNotIn("\x1b", outcome.out)
        self.assertEqual(len(self.json("rankings", "list").json), 1)


class Chat200x60(Chat80x24):
    columns, rows = 200, 60


if __name__ == "__main__":
    unittest.main()
