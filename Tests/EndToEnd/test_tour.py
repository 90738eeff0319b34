"""A walk through every part of the screen at three sizes, against recorded screens. The model
speaks the same on every machine, so the screens are the same but for speeds, which are cut out.

A missing golden is written and fails; RIPOSTE_RECORD_GOLDENS writes them anew."""

import difflib
import json
import os
import re
import unittest
from pathlib import Path

import speaking_gguf
from riposte import BINARY, SandboxCase
from tmux import IDLE, Screen, needs_tmux

GOLDENS = Path(__file__).resolve().parent / "Goldens" / "tour"
NOTICE = re.compile(r"^ [✓·!✗] .*$", re.MULTILINE)


def steady(shown: str) -> str:
    """The screen without what differs from run to run: speeds, and notices, which go by
    themselves."""
    lines = []
    for line in shown.rstrip("\n").split("\n"):
        line = re.sub(r" · \d+ tok/s ([─━])",
                      lambda match: " " + match[1] * (len(match[0]) - 1), line.rstrip())
        line = re.sub(r"(│ context \S+(?: [━─]+)?).*", r"\1", line)
        # What is learnt differs in the last digits from machine to machine.
        line = re.sub(r"lead \d+\.\d\d", "lead 0.00", line)
        line = re.sub(r"reward [+−]\d+\.\d\d", "reward +0.00", line)
        lines.append(NOTICE.sub("", line))
    return "\n".join(lines) + "\n"


@needs_tmux
class TourCase(SandboxCase):
    columns, rows = 80, 24

    def look(self, name: str):
        """The screen becomes the recorded one."""
        file = GOLDENS / f"{name}-{self.columns}x{self.rows}.txt"
        if os.environ.get("RIPOSTE_RECORD_GOLDENS") or not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(steady(self.screen.wait_quiet(0.6)))
            self.recorded.append(file.name)
            return
        golden = file.read_text()
        try:
            self.screen.wait_for(lambda shown: steady(shown) == golden, timeout=15)
        except AssertionError:
            found = steady(self.screen.text())
            self.fail(f"{file.name}:\n" + "\n".join(difflib.unified_diff(
                golden.split("\n"), found.split("\n"), "recorded", "now", lineterm="")))

    def command(self, text: str, then: str):
        self.screen.type(text)
        self.screen.keys("Enter")
        self.screen.wait_for(then)

    def settle(self):
        """The composer, empty, with nothing over it and no notice; a reply is not cut short."""
        self.screen.wait_for(lambda shown: "type ahead" not in shown)
        self.screen.escape(3)
        self.screen.wait_for(lambda shown: IDLE.search(shown) and not NOTICE.search(shown))

    def open(self, **environment):
        """The chat, at its first start."""
        environment = self.environment | {
            "TERM": "xterm-256color", "LANG": "C.UTF-8", "VISUAL": "", "EDITOR": "true",
        } | environment
        environment.pop("LC_ALL", None)
        self.model = self.write("speaker.gguf", speaking_gguf.build())
        self.recorded = []
        screen = self.screen = Screen(environment, self.columns, self.rows, self.folder)
        self.addCleanup(screen.close)
        self.start()
        screen.wait_for("Enter begins.")
        return screen

    def start(self):
        self.screen.type(f" clear; {BINARY} chat -m {self.model} --temperature 1 --seed 5 "
                         "--kernels reference")
        self.screen.keys("Enter")
        self.screen.wait_for("write a message")
        self.screen.wait_for(re.compile(r"speaker │ chat"))

    def leave(self):
        self.screen.keys("F10")
        self.screen.wait_for(lambda _: not self.screen.on_alternate_screen())

    def finish(self):
        self.leave()
        if self.recorded:
            self.fail("recorded; read them, then run again: " + ", ".join(self.recorded))

    def test_every_part_of_the_screen(self):
        screen = self.open()

        # The first start, and an empty conversation.
        self.look("welcome")
        screen.keys("Enter")
        screen.wait_gone("Enter begins.")
        self.look("empty")

        # A turn; then the same one four times, ranked with a tie.
        screen.type("Name a boat, é漢字🙂 please")
        screen.wait_for("é漢字🙂 please")
        screen.keys("Enter")
        screen.wait_for("called")
        self.look("chat")
        screen.keys("F4", "F4", "F5")
        screen.wait_for("Tab board")
        screen.wait_for(lambda shown: "type ahead" not in shown)
        screen.keys("Tab")
        screen.wait_for("1–9 rank")
        screen.keys("2", "Right", "1", "Right", "=", "Right", "3")
        self.look("board")
        screen.keys("z")
        self.look("zoom")
        screen.keys("z", "B")
        screen.wait_for("blind")
        self.look("blind")
        screen.keys("B")
        screen.keys("Enter")
        screen.wait_for("Ranking recorded")
        screen.wait_for("version 2/2")

        # Two sides of one turn.
        self.command("/n 1", "One reply a turn")
        self.command("/compare chat,temperature=0.5 riddle", "B riddle")
        screen.wait_for(lambda shown: "type ahead" not in shown)
        self.look("comparison")
        screen.keys("Tab")
        screen.wait_for("1–9 rank")
        screen.keys("1", "Enter")
        screen.wait_for("Ranking recorded")
        self.settle()

        # Messages: an edit, its versions, the tree, a vote on an earlier board.
        screen.keys("F7")
        screen.wait_for("messages ──")
        screen.keys("Up", "e")
        screen.wait_for("editing a message")
        screen.keys("C-a", "C-k")
        screen.type("Name a bird")
        screen.keys("Enter")
        screen.wait_for(re.compile("Name a bird\n.*\n.*\n.*\\.", re.MULTILINE))
        self.settle()
        screen.keys("F7")
        screen.wait_for("messages ──")
        screen.keys("Up")
        self.look("versions")
        screen.keys("m")
        screen.wait_for("The tree of versions")
        screen.wait_for("Name a bird")
        self.look("tree")
        screen.keys("Escape")
        screen.wait_gone("The tree of versions")
        screen.keys("Left")
        screen.wait_for("▌ Name a boat, é漢字🙂 please")
        screen.keys("o")
        screen.wait_for("1–9 rank")
        self.look("earlier-board")
        screen.keys("Escape")
        self.settle()

        # Looking inside.
        screen.keys("F7")
        screen.wait_for("messages ──")
        screen.keys("t")
        screen.wait_for("token 1 of 7")
        screen.keys("Right", "Down")
        self.look("tokens")
        screen.keys("Enter")
        screen.wait_gone("tokens by probability")
        screen.wait_for("write a message")
        self.settle()
        self.look("picked")
        self.command("/attention Name a boat", "attends")
        screen.wait_for(re.compile(r"0\.\d{3}"))
        self.look("attention")
        screen.keys("Escape")
        screen.wait_gone("attends")
        screen.keys("F9")
        screen.wait_for("in the cache")
        self.look("prompt")
        screen.keys("Escape")
        screen.wait_gone("The exact prompt")

        # Lists and pages.
        for key, title, wanted, name in (
            ("F2", "Templates", r"riddle +\d+ tokens", "templates"),
            ("F3", "Models", "smollm2", "models"),
            ("F11", "Settings", "top_k", "settings"),
            ("F12", "Commands", "Filter", "palette"),
            ("?", "Help", "Composer", "help"),
        ):
            screen.keys(key)
            screen.wait_for(re.compile(f"─ {title} ─"))
            screen.wait_for(re.compile(wanted))
            self.look(name)
            screen.keys("Escape")
            screen.wait_for(lambda shown: f"─ {title} ─" not in shown)
        screen.keys("F8")
        screen.wait_for("─ Conversations ─")
        screen.type("boat")
        self.look("conversations")
        screen.keys("C-t")
        screen.wait_for("Tags:")
        screen.type("boats")
        screen.keys("Enter")
        screen.wait_for("#boats")
        screen.keys("DC")
        screen.wait_gone("#boats")
        self.look("deleted")
        screen.keys("C-u")
        screen.wait_for("is back")
        screen.escape(2)
        screen.wait_gone("─ Conversations ─")
        self.command("/disagreements", "no reward model to disagree with")
        self.command("/theme high-contrast", "The theme is high-contrast")
        self.command("/mouse off", "the terminal's again")
        self.assertIn(screen.pane("mouse_any_flag"), ("0", ""))
        self.finish()

    def test_what_comes_from_elsewhere_and_goes_there(self):
        """$EDITOR, links, the form of a template's variables, an import."""
        opened = self.folder / "opened"
        for name, text in (
            ("editor", "#!/bin/sh\nprintf 'Name a boat\\n\\nas in [the list]"
                       "(https://example.org/boats) or at <https://example.org/שם>\\n' > \"$1\"\n"),
            ("bin/xdg-open", f"#!/bin/sh\necho \"$1\" > {opened}\n"),
        ):
            self.write(name, text).chmod(0o755)
        self.write("config/templates/postcard.yaml", """\
name: postcard
description: A line from somewhere, é漢字🙂
input: "From {{ place }}, {{ mood }}: {{ input }}"
variables: { place: , mood: { default: glad } }
""")
        screen = self.open(EDITOR=str(self.folder / "editor"),
                           PATH=f"{self.folder / 'bin'}:{self.environment['PATH']}")
        screen.keys("Enter")
        screen.wait_gone("Enter begins.")

        # A message from the editor, and its links.
        screen.keys("C-o")
        screen.wait_for("the list")
        self.look("editor")
        screen.keys("Enter")
        screen.wait_for("The")
        screen.wait_for(lambda shown: "type ahead" not in shown)
        self.command("/links", "─ Links ─")
        self.look("links")
        screen.keys("Down", "Enter")
        screen.wait_gone("─ Links ─")
        screen.wait_for(lambda _: opened.exists() and opened.read_text().endswith("\n"))
        self.assertEqual(opened.read_text(), "https://example.org/boats\n")

        # A template that asks for a value.
        self.command("/template postcard", "speaker │ postcard")
        self.settle()
        screen.type("Hello")
        screen.keys("Enter")
        screen.wait_for("─ Variables")
        self.look("variables")
        screen.keys("Down", "Enter")
        screen.wait_for("Value:")
        screen.type("京都")
        screen.keys("Enter")
        screen.wait_gone("Value:")
        self.look("variables-filled")
        screen.keys("Escape")
        screen.wait_gone("─ Variables")
        screen.wait_for("Hello")
        screen.keys("Enter")
        screen.wait_for(re.compile("Hello\n.*\n.*\n.*\\.", re.MULTILINE))

        # Somebody else's conversation.
        mapping = {"root": {"id": "root", "parent": None, "children": ["a"], "message": None}}
        turns = ["Cafe\u0301 in 京都?", "Yes: **% Arabica** ☕", "ובתל אביב?", "כן, יש הרבה"]
        for place, text in enumerate(turns):
            name = "abcd"[place]
            mapping[name] = {
                "id": name, "parent": "root" if place == 0 else "abcd"[place - 1],
                "children": ["abcd"[place + 1]] if place < 3 else [],
                "message": {
                    "author": {"role": "assistant" if place % 2 else "user"},
                    "create_time": 1.7e9 + place,
                    "content": {"content_type": "text", "parts": [text]}}}
        exported = self.write("conversations.json", json.dumps([{
            "title": "Coffee ☕ קפה", "create_time": 1.7e9, "update_time": 1.7e9,
            "current_node": "d", "mapping": mapping}]))
        self.command(f"/import {exported}", "Arabica")
        self.settle()
        self.look("imported")
        self.finish()

    def test_where_the_reward_model_disagrees(self):
        """A queue that is filled: a reward model that learnt the opposite of what was said."""
        screen = self.open()
        screen.keys("Enter")
        screen.wait_gone("Enter begins.")
        self.command("/n 4", "4 replies a turn")
        for text in ("Name a boat", "Name a bird, é漢字🙂"):
            screen.type(text)
            screen.keys("Enter")
            # The board before is gone as soon as the message stands above its own.
            screen.wait_for(lambda shown: text in (line.strip() for line in shown.split("\n"))
                            and "Tab board" in shown and "type ahead" not in shown)
            screen.keys("Tab")
            screen.wait_for("1–9 rank")
            screen.keys("1", "Right", "2", "Right", "3")
            screen.keys("Enter")
            screen.wait_for("Ranking recorded")
            self.settle()
            screen.wait_gone("Ranking recorded")
        self.leave()
        wrong = []
        ranked = self.succeed("rankings", "export", "--format", "trl").lines
        self.assertEqual(len(ranked), 6, "three pairs of each of two boards")
        for line in ranked:
            line["chosen"], line["rejected"] = line["rejected"], line["chosen"]
            wrong += [line | {"prompt": [{"role": "user", "content": f"{number}"}]}
                      for number in range(8)]
        self.succeed("train", "reward", "-m", self.model, "--method", "features",
                     self.write("wrong.jsonl", "".join(json.dumps(line) + "\n" for line in wrong)),
                     timeout=300)
        self.start()
        self.command("/disagreements", re.compile(r"of \d+ pairs reversed"))
        self.look("disagreements")
        screen.keys("Enter")
        screen.wait_for("1–9 rank")
        self.look("disagreement-board")
        self.finish()


class Tour80x24(TourCase):
    pass


class Tour120x40(TourCase):
    columns, rows = 120, 40


class Tour200x60(TourCase):
    columns, rows = 200, 60


del TourCase

if __name__ == "__main__":
    unittest.main()
