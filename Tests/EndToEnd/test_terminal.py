"""The terminal as the person's programs find it: keys, pastes, sizes, signals, and what is
left behind by every way to leave. By the chat screen with a tiny model."""

import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import unittest

import tiny_gguf
from riposte import BINARY, SandboxCase
from tmux import IDLE, Screen, needs_tmux

PROMPT = "›"
NOTICE = re.compile(r"^ [✓·!✗] ", re.MULTILINE)


@needs_tmux
class TerminalCase(SandboxCase):
    """A chat in a real terminal, quit and cleaned up after each test."""

    def setUp(self):
        super().setUp()
        self.environment |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "EDITOR": "true"}
        self.environment.pop("LC_ALL", None)
        self.environment.pop("NO_COLOR", None)
        self.model = self.write("tiny.gguf", tiny_gguf.build(tiny_gguf.metadata(context=4096)))

    def open(self, columns=80, rows=24, **environment) -> Screen:
        screen = Screen(self.environment | environment, columns, rows, self.folder)
        self.addCleanup(screen.close)
        self.before = screen.terminal_state()
        return screen

    @property
    def chat(self) -> str:
        return os.environ.get("RIPOSTE_CHAT_COMMAND") or f"{BINARY} chat -m {self.model}"

    def start(self, screen: Screen, prefix=""):
        screen.type(f" clear; {prefix}{self.chat}; echo left with $?")
        screen.keys("Enter")
        screen.wait_for(PROMPT)
        self.assertTrue(screen.on_alternate_screen())

    def quit(self, screen: Screen):
        screen.keys("F10")
        screen.wait_for(lambda _: not screen.on_alternate_screen())
        self.check_restored(screen)

    def check_restored(self, screen: Screen):
        self.assertFalse(screen.on_alternate_screen())
        self.assertEqual(screen.terminal_state(), self.before)
        for flag in ("mouse_any_flag", "mouse_sgr_flag"):
            self.assertIn(screen.pane(flag), ("0", ""), flag)
        self.assertEqual(screen.pane("cursor_flag"), "1", "the cursor is hidden")
        # A paste is no longer bracketed: the shell would show the brackets.
        screen.paste("echo pas")
        screen.type("ted")
        screen.keys("Enter")
        screen.wait_for(re.compile(r"^pasted$", re.MULTILINE))

    def composer(self, screen: Screen) -> str:
        """The row of the prompt, without it and without the hint of an empty composer."""
        lines = screen.lines()
        first = max(i for i, line in enumerate(lines) if PROMPT in line)
        return "" if IDLE.match(lines[first]) else lines[first].split(PROMPT, 1)[1].strip()

    def check_no_garbage(self, screen: Screen, typed: str, reason="") -> str:
        """Painted anew, the screen is the same. The composer holds `typed`."""
        columns, rows = int(screen.pane("pane_width")), int(screen.pane("pane_height"))

        def fills(shown: str) -> bool:
            """A key may be drawn before the last change of size has been heard of."""
            lines = shown.split("\n")
            has_rule = any(line[:1] == line[-1:] == "─" and len(line) == columns for line in lines)
            has_hints = len(lines) >= rows and "Enter" in lines[rows - 1]
            return typed + "@" in shown and has_rule and has_hints

        screen.type("@")
        shown = screen.wait_for(fills)
        screen.keys("C-l")
        screen.type("@")
        screen.wait_for(typed + "@@")
        screen.keys("BSpace")
        try:
            return screen.wait_for(lambda now: now == shown)
        except AssertionError:
            self.fail(f"{reason}: garbage\n{shown}\n--- painted anew\n{screen.text()}")


class LeavingTests(TerminalCase):
    def test_quitting_restores_the_terminal(self):
        screen = self.open()
        self.start(screen)
        self.quit(screen)

    def deaths(self, number, status):
        screen = self.open()
        self.start(screen)
        screen.type("unsent")
        screen.wait_for("unsent")
        os.kill(screen.process(os.path.basename(self.chat.split()[0])), number)
        if number == signal.SIGINT:
            # The shell gives the rest of the line up, as it should.
            screen.wait_for(lambda _: not screen.on_alternate_screen())
        else:
            screen.wait_for(f"left with {status}")
        self.check_restored(screen)

    def test_terminate(self):
        self.deaths(signal.SIGTERM, 128 + signal.SIGTERM)

    def test_hang_up(self):
        self.deaths(signal.SIGHUP, 128 + signal.SIGHUP)

    def test_interrupt_from_outside(self):
        self.deaths(signal.SIGINT, 128 + signal.SIGINT)

    def test_segmentation_fault(self):
        self.deaths(signal.SIGSEGV, 128 + signal.SIGSEGV)

    def test_trap(self):
        self.deaths(signal.SIGTRAP, 128 + signal.SIGTRAP)

    def test_abort(self):
        self.deaths(signal.SIGABRT, 128 + signal.SIGABRT)

    def test_stop_and_go_on(self):
        screen = self.open()
        self.start(screen)
        screen.type("kept while stopped")
        screen.wait_for("kept while stopped")
        screen.keys("C-z")
        screen.wait_for("Stopped")
        self.assertFalse(screen.on_alternate_screen())
        self.assertEqual(screen.terminal_state(), self.before)
        screen.resize(60, 20)
        screen.type(" fg")
        screen.keys("Enter")
        screen.wait_for("kept while stopped")
        self.assertTrue(screen.on_alternate_screen())
        screen.type(" and after")
        screen.wait_for("kept while stopped and after")
        screen.keys("C-c")
        self.quit(screen)

    def test_the_terminal_goes_away(self):
        screen = self.open()
        self.start(screen)
        process = screen.process(os.path.basename(self.chat.split()[0]))
        screen.close()
        for _ in Screen._until(10):
            if not os.path.exists(f"/proc/{process}"):
                return
            with open(f"/proc/{process}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return
        self.fail("the program outlived its terminal")


class EditingTests(TerminalCase):
    def test_every_width_of_character_is_typed_and_edited(self):
        screen = self.open()
        self.start(screen)
        screen.type("é漢字🙂")
        screen.wait_for("é漢字🙂")
        column, row = screen.cursor()
        screen.keys("Left")
        screen.wait_for(lambda _: screen.cursor() == (column - 2, row))
        screen.keys("Left", "Left", "Left")
        screen.wait_for(lambda _: screen.cursor() == (column - 7, row))
        screen.keys("DC")
        screen.wait_for(lambda _: self.composer(screen) == "漢字🙂")
        screen.keys("End", "BSpace")
        screen.wait_for(lambda _: self.composer(screen) == "漢字")
        screen.type("e\u0301")
        screen.wait_for(lambda _: self.composer(screen) == "漢字e\u0301")
        screen.keys("C-a", "C-k")
        screen.wait_for(lambda _: self.composer(screen) == "")
        screen.keys("C-y")
        screen.wait_for(lambda _: self.composer(screen) == "漢字e\u0301")
        screen.keys("C-c")
        self.quit(screen)

    def test_utf8_split_anywhere(self):
        screen = self.open()
        self.start(screen)
        for byte in "aé漢🙂z".encode():
            screen.bytes(bytes([byte]))
        screen.wait_for("aé漢🙂z")
        screen.keys("C-c")
        self.quit(screen)

    def test_a_paste_of_5_kb_arrives_whole(self):
        screen = self.open(100, 40)
        self.start(screen)
        lines = [f"line {i:03} of the paste with é漢字🙂 in it" for i in range(100)]
        text = "\r\n".join(lines)
        self.assertGreater(len(text.encode()), 4500)
        screen.paste(text)
        screen.wait_for(lines[-1])
        shown = screen.text()
        self.assertIn(lines[-10], shown)
        # No line was accepted on the way.
        screen.keys("C-c")
        screen.wait_gone(lines[-1])
        self.quit(screen)

    def test_a_paste_split_anywhere(self):
        screen = self.open()
        self.start(screen)
        data = "\x1b[200~pas\r\nted é漢🙂 text\x1b[201~".encode()
        for byte in data:
            screen.bytes(bytes([byte]))
        screen.wait_for("ted é漢🙂 text")
        screen.keys("C-c")
        self.quit(screen)

    def test_several_lines(self):
        screen = self.open()
        self.start(screen)
        screen.type("first")
        screen.keys("M-Enter")
        screen.type("second")
        screen.keys("C-j")
        screen.type("third")
        screen.wait_for("third")
        row = screen.cursor()[1]
        screen.keys("Up", "Up")
        screen.wait_for(lambda _: screen.cursor()[1] == row - 2)
        screen.type("!")
        screen.wait_for("first!")
        screen.keys("C-c")
        screen.wait_gone("first!")
        self.quit(screen)

    def test_vi(self):
        screen = self.open(INPUTRC=str(self.write("inputrc", "set editing-mode vi\n")))
        self.start(screen)
        screen.type("one two")
        screen.wait_for("› one two")
        screen.escape()
        screen.wait_for(": one two")
        screen.type("0dwA")
        screen.wait_for("› two")
        screen.type(" three")
        screen.wait_for("› two three")
        screen.keys("C-c")
        self.quit(screen)

    def test_undo_takes_a_paste_back_at_once(self):
        screen = self.open()
        self.start(screen)
        screen.type("kept ")
        screen.paste("pasted words")
        screen.wait_for("kept pasted words")
        screen.keys("C-_")
        screen.wait_for(lambda _: self.composer(screen) == "kept")
        screen.keys("C-c")
        self.quit(screen)


class SurroundingsTests(TerminalCase):
    def test_locale_without_a_character_set(self):
        screen = self.open(LANG="C", LC_ALL="C")
        self.start(screen)
        screen.type("é漢字🙂")
        screen.wait_for("é漢字🙂")
        screen.keys("Left", "BSpace")
        screen.wait_for("é漢🙂")
        screen.keys("C-c")
        self.quit(screen)

    def test_unknown_terminal(self):
        """It says so, or works line by line; it never takes the terminal or crashes."""
        for name in ("no-such-terminal", "dumb", ""):
            screen = self.open()
            screen.type(f" clear; TERM={name} {self.chat}; echo left with $?")
            screen.keys("Enter")
            shown = screen.wait_for(re.compile(r"^left with|^> ?$", re.MULTILINE))
            self.assertFalse(screen.on_alternate_screen())
            if "left with" not in shown:
                screen.keys("C-d")
            shown = screen.wait_for("left with")
            self.assertRegex(shown, r"left with [012]\b")
            self.assertEqual(screen.terminal_state(), self.before)
            screen.close()

    def test_output_is_not_a_terminal(self):
        process = subprocess.run(
            self.chat.split(), input=b"/quit\n", env=self.environment, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
        self.assertNotIn(b"\x1b", process.stdout)
        self.assertGreaterEqual(process.returncode, 0)

    def test_colours_follow_the_terminal_and_no_color(self):
        for environment, has_colors in (
            ({}, True), ({"NO_COLOR": "1"}, False),
        ):
            screen = self.open(**environment)
            self.start(screen)
            screen.wait_for(re.compile(r"tiny │.*\n Enter (begins|send)"))
            colored = re.search(r"\x1b\[[0-9;]*(3[0-7]|38;5;\d+|4[0-7]|48;5;\d+)m",
                                screen.styled_text())
            self.assertEqual(bool(colored), has_colors, environment)
            self.quit(screen)
            screen.close()

    def test_a_storm_of_resizes_leaves_no_garbage(self):
        screen = self.open(120, 40)
        self.start(screen)
        screen.type("typed before the storm")
        screen.wait_for("typed before the storm")
        generator = random.Random(7)
        for _ in range(60):
            screen.resize(generator.randint(3, 200), generator.randint(2, 60))
        screen.resize(100, 30)
        self.check_no_garbage(screen, "typed before the storm")
        screen.keys("C-c")
        self.quit(screen)


class ChaosTests(TerminalCase):
    """What no person would do, from a seed that the failure names."""

    # Leaving keys (F10, ^C at an empty line, ^D, ^Q, ^Z) are left out; everything else may come.
    KEYS = [
        *(bytes([code]) for code in (*range(0x20, 0x7f), 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
                                     16, 18, 20, 21, 23, 24, 25, 27, 28, 29, 30, 31, 0x7f)),
        *(f"\x1b[{letter}".encode() for letter in "ABCDFHZI"),
        *(f"\x1b[{number}~".encode() for number in (2, 3, 5, 6, 11, 12, 13, 14, 15, 17, 18, 19,
                                                    20)),
        b"\x1bOP", b"\x1bOQ", b"\x1b[1;5C", b"\x1b[1;3D", b"\x1bb", b"\x1b\r", b"\x1b\x1b[A",
        "é".encode(), "漢".encode(), "🙂".encode(), "e\u0301".encode(), "שלום".encode(),
        b"\xff", b"\xc3", b"\x1b[<64;5;5M", b"\x1b[<0;9;3M", b"\x1b[<0;9;3m", b"\x1b[O",
        b"\x1b[200~pasted\r\ntext \x1b[31m\x1b[201~", b"\x1b[27;5;105~", b"\x1b[97;5u",
    ]

    def test_random_keys_pastes_and_resizes(self):
        seed = int(os.environ.get("RIPOSTE_CHAOS_SEED", "1"))
        count = int(os.environ.get("RIPOSTE_CHAOS_KEYS", "10000"))
        generator = random.Random(seed)
        screen = self.open(100, 30)
        self.start(screen)
        screen.type("sent before the storm")
        screen.keys("Enter")
        screen.wait_for("You")
        screen.wait_for(lambda _: self.composer(screen) == "", timeout=60)
        batch = max(1, count // 300)
        for _ in range(300):
            screen.resize(generator.randint(5, 160), generator.randint(3, 50))
            screen.bytes(b"".join(generator.choice(self.KEYS) for _ in range(batch)))
            self.assertNotIn("left with", screen.text(), f"seed {seed}")
        screen.resize(100, 30)
        self.leave_everything(screen)
        shown = self.check_no_garbage(screen, "› ", f"seed {seed}")
        screen.keys("F10")
        screen.wait_for(lambda _: not screen.on_alternate_screen())
        self.check_restored(screen)
        self.check_nothing_is_lost(shown, seed)

    def leave_everything(self, screen: Screen):
        """Out of whatever is open, and to an empty composer without a notice. A reply that is
        being stopped takes every Esc until it has ended, so this is done until it holds."""
        for _ in Screen._until(60):
            screen.escape(8)
            screen.keys("C-g", "C-e", "C-u", "C-c")
            screen.escape(2)
            # What the keys queued may begin only when the reply before it has ended.
            with contextlib.suppress(AssertionError):
                shown = screen.wait_quiet(2, timeout=5)
                if IDLE.search(shown) and not NOTICE.search(shown):
                    return
        self.fail(f"never idle\n{screen.text()}")

    def check_nothing_is_lost(self, shown: str, seed: int):
        """The store is sound, has what was sent first, and has every message that is shown."""

        def letters(text: str) -> str:
            return re.sub("[^A-Za-z0-9]", "", text)

        with contextlib.closing(sqlite3.connect(self.folder / "data" / "riposte.sqlite")) as store:
            self.assertEqual(store.execute("PRAGMA integrity_check").fetchone()[0], "ok")
            sent = [text for (text,) in store.execute(
                "SELECT text FROM message WHERE role = 'user'")]
            unfinished = store.execute(
                "SELECT COUNT(*) FROM message m JOIN candidate c ON c.id = m.candidate "
                "WHERE c.finish_reason IS NULL").fetchone()[0]
        self.assertEqual(unfinished, 0)
        self.assertIn("sent before the storm", sent)
        lines = shown.split("\n")
        for above, line in zip(lines, lines[1:]):
            if re.match(r"..You( ·|$)", above.rstrip()):
                self.assertTrue(
                    any(letters(line) in letters(text) for text in sent),
                    f"seed {seed}: shown and not stored: {line!r}\n{sent}")


if __name__ == "__main__":
    unittest.main()
