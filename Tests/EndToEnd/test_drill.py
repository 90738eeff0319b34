"""What a new user does on the first evening, with the default model in a real terminal: sample
four, rank them by keys, train a reward model on ten rankings, see scores and reorder, switch the
template, paste, type wide characters, resize, stop and come back, be killed."""

import os
import random
import re
import signal

from riposte import default_model
from test_chat import ChatCase


class DrillCase(ChatCase):
    def ranks(self, *keys):
        """Ranks with keys, submits, and waits for the disk."""
        self.screen.keys("Tab")
        self.screen.wait_for("1–9 rank")
        self.screen.keys(*keys)
        self.screen.keys("Enter")
        self.screen.wait_for("Ranking recorded", timeout=30)
        self.idle()

    def sample(self, text: str):
        self.say(text)
        self.screen.wait_for("Tab board", timeout=60)
        self.screen.wait_for(lambda shown: "type ahead" not in shown, timeout=120)

    def records(self):
        return self.json("rankings", "list").json

    def test_the_first_evening(self):
        screen = self.screen
        before = screen.terminal_state()
        # Without duplicates to fold, for the keys below to mean four replies.
        self.start("-n", "4", "--max-tokens", "10", "--temperature", "1.5", "--top-k", "0",
                   "--seed", "1")
        self.assertIn("Enter begins.", screen.text())
        self.sample("Name a colour.")
        self.assertNotIn("Enter begins.", screen.text())
        self.ranks("1", "Right", "2", "Right", "2", "Right", "3")
        (record,) = self.records()
        by_place = sorted(record["replies"], key=lambda reply: reply["display_index"])
        self.assertEqual([reply["rank"] for reply in by_place], [1, 2, 2, 3])
        self.assertFalse(record["all_bad"] or record["blind"])

        for number in range(9):
            self.sample(f"Name animal {number}.")
            self.ranks("1", "Right", "2", "Right", "3", "Right", "=")
        self.assertEqual(len(self.records()), 10)
        self.quit()
        self.assertEqual(screen.terminal_state(), before)

        self.succeed(
            "train", "reward", "--method", "features", "-m", default_model(), timeout=300)
        self.start("-n", "4", "--max-tokens", "10", "--temperature", "1.5", "--top-k", "0",
                   "--seed", "2")
        self.sample("Name a fruit.")
        screen.wait_for(re.compile(r"reward [+−]\d"), timeout=60)
        as_sampled = self.letters()
        screen.keys("F6")
        screen.wait_for("by reward")
        by_reward = self.letters()
        self.assertEqual(sorted(by_reward), sorted(as_sampled))
        screen.wait_for(lambda shown: len(self.scores(shown)) == 4
                        and self.scores(shown) == sorted(self.scores(shown), reverse=True))
        screen.keys("F6")
        screen.wait_for(lambda _: self.letters() == as_sampled)

        screen.keys("F2")
        screen.wait_for("Templates")
        screen.type("riddle")
        screen.keys("Enter")
        screen.wait_for("The next reply uses the template riddle")
        screen.keys("F9")
        screen.wait_for("The exact prompt")
        screen.wait_for(re.compile(r"examples [1-9]\d+"))
        screen.keys("Escape")
        screen.wait_gone("The exact prompt")

        numbers = random.Random(3)
        for _ in range(40):
            screen.resize(numbers.randint(20, 220), numbers.randint(5, 60))
        screen.resize(self.columns, self.rows)
        screen.wait_for("Name a fruit.")
        # 5 kB in one paste, then as typed: the composer takes half the screen at most.
        pasted = "".join(f"line {number} of a long paste\n" for number in range(200))
        screen.paste(pasted)
        screen.wait_for("line 199 of a long paste")
        screen.keys("C-c")
        self.idle()
        screen.type("é漢字🙂")
        screen.keys("Left", "BSpace", "C-a", "Delete")
        screen.wait_for(re.compile("› 漢🙂"))
        screen.keys("C-z")
        screen.wait_for(lambda _: not screen.on_alternate_screen())
        self.assertEqual(screen.terminal_state(), before)
        screen.type("fg")
        screen.keys("Enter")
        screen.wait_for(re.compile("› 漢🙂"))
        screen.keys("C-c")
        self.idle()
        self.quit()

        for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV):
            self.start()
            os.kill(screen.process("riposte"), name)
            screen.wait_for(lambda _: not screen.on_alternate_screen())
            self.assertEqual(screen.terminal_state(), before, name)

    @staticmethod
    def scores(shown: str) -> list[float]:
        return [float(score.replace("−", "-"))
                for score in re.findall(r"reward ([+−]\d+\.\d+)", shown)]

    def letters(self) -> list[str]:
        """The boxes' letters from left to right, top to bottom; all four must be there."""
        shown = self.screen.wait_for(
            lambda text: len(re.findall(r"[╭┏][─━] ([A-D]) ", text)) == 4)
        return re.findall(r"[╭┏][─━] ([A-D]) ", shown)


class Drill80x24(DrillCase):
    columns, rows = 80, 24


class Drill200x50(DrillCase):
    columns, rows = 200, 50


del DrillCase, ChatCase
