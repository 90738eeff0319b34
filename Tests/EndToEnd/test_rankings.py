"""Rankings made by keys alone are what the store holds, field by field: with ties, all bad, edits
and undo, every other board blind. By a model that speaks the same on every machine."""

import random
import re
import unittest

import speaking_gguf
from riposte import BINARY, SandboxCase
from tmux import Screen, needs_tmux


class Draft:
    """What the keys of a board mean, told independently of the program."""

    def __init__(self):
        self.now = ({}, False, None)
        self.history = []

    def _become(self, state):
        if state != self.now:
            self.history.append(self.now)
            self.now = state

    def press(self, key, place):
        ranks, bad, last = dict(self.now[0]), self.now[1], self.now[2]
        if key.isdigit() and key != "0":
            ranks[place] = int(key)
            self._become((ranks, False, place))
        elif key == "0":
            self._become(({}, True, None))
        elif key == "=":
            if last is not None and last != place and last in ranks:
                ranks[place] = ranks[last]
                self._become((ranks, False, place))
        elif key == "BSpace":
            ranks.pop(place, None)
            self._become((ranks, False, None if last == place else last))
        elif key == "u" and self.history:
            self.now = self.history.pop()


@needs_tmux
class RankingTests(SandboxCase):
    COUNT, REPLIES = 20, 4

    def test_twenty_rankings_by_keys(self):
        environment = self.environment | {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
        environment.pop("LC_ALL", None)
        model = self.write("speaker.gguf", speaking_gguf.build())
        screen = Screen(environment, 120, 40, self.folder)
        self.addCleanup(screen.close)
        screen.type(f" clear; {BINARY} chat -m {model} -n {self.REPLIES} --temperature 1 --seed 1")
        screen.keys("Enter")
        screen.wait_for("write a message", timeout=60)
        source = random.Random(20)
        expected = []
        for number in range(self.COUNT):
            blind = number % 2 == 1
            question = f"Name boat {number}"
            screen.type(f"/set seed {1000 + number * 50}")
            screen.keys("Enter")
            screen.wait_for(f"seed is {1000 + number * 50}")
            screen.type(question)
            screen.keys("Enter")
            screen.wait_for(lambda shown: f"Name boat {number}" in shown and "Tab board" in shown
                            and "type ahead" not in shown)
            screen.keys("Tab")
            screen.wait_for("1–9 rank")
            # Every reply by itself, also where two say the same.
            screen.keys("f")
            if blind:
                screen.keys("B")
                screen.wait_for("Blind:")
            shown = screen.wait_for(lambda text: len(self.texts(text)) == self.REPLIES)
            texts = self.texts(shown)
            # The first in display order is selected after shuffling, and at the start.
            if number % 5 == 4:
                expected.append(self.edit(screen, texts, blind))
            else:
                expected.append(self.rank(screen, source, texts, blind, number))
            if blind:
                screen.type("/blind")
                screen.keys("Enter")
                screen.wait_for("Not blind")
        screen.keys("F10")
        screen.wait_for(lambda _: not screen.on_alternate_screen())
        found = [self.summary(record) for record in self.succeed(
            "rankings", "list", "--json").json]
        self.assertEqual(found, expected)

    @staticmethod
    def texts(shown) -> list[str]:
        """First lines of the boxes, left to right, top to bottom."""
        rows = shown.split("\n")
        found = []
        for row, line in zip(rows, rows[1:]):
            for match in re.finditer(r"[╭┏][─━] [A-Z] ", row):
                inside = re.split("[│┃]", line[match.start():])
                found.append(inside[1].strip() if len(inside) > 2 else "")
        return found

    def rank(self, screen, source, texts, blind, number):
        draft, place = Draft(), 0
        keys = []
        for _ in range(source.randint(4, 12)):
            key = source.choice(
                ["1", "2", "3", "4", "9", "=", "=", "BSpace", "u", "Left", "Right", "Right"])
            keys.append(key)
            if key == "Left":
                place = max(0, place - 1)
            elif key == "Right":
                place = min(self.REPLIES - 1, place + 1)
            else:
                draft.press(key, place)
        if number % 7 == 3:
            keys.append("0")
            draft.press("0", place)
        elif not draft.now[0]:
            keys.append("2")
            draft.press("2", place)
        screen.keys(*keys, "Enter")
        ranks, bad, _ = draft.now
        if bad:
            screen.wait_for("Recorded: all bad")
            # The turn goes on with a reply all the same, without another record.
            screen.keys("a")
        else:
            screen.wait_for("Ranking recorded")
        screen.wait_for("write a message")
        return {
            "all_bad": bad, "blind": blind, "scores_visible": False,
            "replies": [(text, ranks.get(place), place, False)
                        for place, text in enumerate(texts)],
        }

    def edit(self, screen, texts, blind):
        screen.keys("e")
        screen.wait_for("editing reply")
        screen.keys("C-a", "C-k")
        screen.type("The boat is mine.")
        screen.keys("Enter")
        screen.wait_for("ranked above the original")
        screen.wait_for("write a message")
        replies = [(text, 2 if place == 0 else None, 0 if place == 0 else None, False)
                   for place, text in enumerate(texts)]
        return {
            "all_bad": False, "blind": blind, "scores_visible": False,
            "replies": [replies[0], ("The boat is mine.", 1, 1, True), *sorted(replies[1:])],
        }

    def summary(self, record):
        for reply in record["replies"]:
            self.assertEqual(reply["finish_reason"], "stop")
            self.assertTrue(reply["ids"])
        self.assertGreaterEqual(record["seconds"], 0)
        self.assertEqual(record["prompt"][-1]["role"], "user")
        self.assertEqual(record["variants"][0]["template"], "chat")
        self.assertTrue(record["variants"][0]["prompt_ids"])
        self.assertRegex(record["variants"][0]["template_hash"], "^[0-9a-f]{64}$")
        replies = [
            (reply["text"], reply.get("rank"), reply.get("display_index"),
             reply.get("edited_from") is not None)
            for reply in record["replies"]
        ]
        # Those that are no part of the comparison stand behind, by their text.
        replies.sort(key=lambda reply: (99 if reply[2] is None else reply[2], reply[0]))
        return {
            "all_bad": record["all_bad"], "blind": record["blind"],
            "scores_visible": record["scores_visible"], "replies": replies,
        }


if __name__ == "__main__":
    unittest.main()
