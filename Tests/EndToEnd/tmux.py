"""A real terminal for the tests: tmux on a socket of its own, keys in, screens out.

Nothing here sleeps for a guessed time: every wait is for something to be seen.
"""

import itertools
import os
import re
import shutil
import subprocess
import time
import unittest

needs_tmux = unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
_numbers = itertools.count()
# What an empty composer says while no reply is being written.
IDLE = re.compile("› (write a message|a message goes on)")


class Screen:
    """A shell in a pane, with a prompt `ready> `. `environment` is complete."""

    def __init__(self, environment, columns=80, rows=24, folder=None):
        self.socket = f"riposte-test-{os.getpid()}-{next(_numbers)}"
        environment = dict(environment) | {"ENV": "", "HISTFILE": ""}
        environment.pop("TMUX", None)
        self.environment = environment
        self._tmux(
            "new-session", "-d", "-x", str(columns), "-y", str(rows), "sh",
            cwd=str(folder) if folder else None)
        for option in (("escape-time", "0"), ("default-terminal", "tmux-256color"),
                       ("status", "off"), ("history-limit", "5000"),
                       ("remain-on-exit", "on"), ("set-clipboard", "on"),
                       ("window-size", "manual"), ("focus-events", "on")):
            self._tmux("set-option", "-g", *option)
        # The first pane came before the options.
        self._tmux("respawn-pane", "-k", "sh")
        self.wait_for(re.compile("[#$]"))
        self.type("PS1='ready> '")
        self.keys("Enter")
        self.wait_for(re.compile("^ready>", re.MULTILINE))

    def _tmux(self, *arguments, input=None, cwd=None) -> str:
        result = subprocess.run(
            ["tmux", "-L", self.socket, "-f", "/dev/null", *arguments], input=input,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, cwd=cwd,
            timeout=30)
        if result.returncode != 0:
            raise RuntimeError(f"tmux {arguments}: {result.stderr.decode()}")
        return result.stdout.decode("utf-8", "replace")

    def close(self):
        subprocess.run(
            ["tmux", "-L", self.socket, "kill-server"], stderr=subprocess.DEVNULL, timeout=30)

    # Keys

    def keys(self, *names):
        """Keys by tmux's names: Enter, Escape, F10, C-z, M-Enter, Up …"""
        self._tmux("send-keys", *names)

    def type(self, text: str):
        self._tmux("send-keys", "-l", "--", text)

    def bytes(self, data: bytes):
        """Bytes as they are, in one piece."""
        self._tmux("send-keys", "-H", *(f"{byte:02x}" for byte in data))

    def escape(self, times=1):
        """Esc as a terminal sends it that tells it from the beginning of a sequence (CSI 27 u):
        nothing need be waited for between two of them, or before the next key."""
        self.bytes(b"\x1b[27u" * times)

    def paste(self, text: str):
        """A bracketed paste, where the program asked for it."""
        self._tmux("load-buffer", "-", input=text.encode())
        self._tmux("paste-buffer", "-p", "-r", "-d")

    def resize(self, columns: int, rows: int):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    # What is seen

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def styled_text(self) -> str:
        """With escape sequences."""
        return self._tmux("capture-pane", "-p", "-e")

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.text().split("\n")]

    def cursor(self) -> tuple[int, int]:
        """Column and row, from 0."""
        column, row = self._tmux(
            "display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(column), int(row)

    def on_alternate_screen(self) -> bool:
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def pane(self, name: str) -> str:
        return self._tmux("display-message", "-p", f"#{{{name}}}").strip()

    def process(self, name: str) -> int:
        """The id of the program that runs in the pane's shell."""
        shell = int(self.pane("pane_pid"))
        for _ in self._until(10):
            found = subprocess.run(
                ["pgrep", "-P", str(shell), "-f", name], stdout=subprocess.PIPE)
            if found.stdout.split():
                return int(found.stdout.split()[0])
        raise AssertionError(f"{name} does not run\n{self.text()}")

    @staticmethod
    def _until(seconds: float):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield
            time.sleep(0.02)

    def wait_for(self, wanted, timeout=20) -> str:
        """Waits for a text, a compiled pattern, or a function of the screen to hold."""
        shown = ""
        for _ in self._until(timeout):
            shown = self.text()
            if isinstance(wanted, str):
                if wanted in shown:
                    return shown
            elif isinstance(wanted, re.Pattern):
                if wanted.search(shown):
                    return shown
            elif wanted(shown):
                return shown
        raise AssertionError(f"not seen in {timeout} s: {wanted!r}\n{shown}")

    def wait_gone(self, text: str, timeout=20):
        return self.wait_for(lambda shown: text not in shown, timeout)

    def wait_quiet(self, seconds=0.3, timeout=20) -> str:
        """Waits until the screen has stayed the same for a while."""
        last, since = self.text(), time.monotonic()
        for _ in self._until(timeout):
            shown = self.text()
            if shown != last:
                last, since = shown, time.monotonic()
            elif time.monotonic() - since >= seconds:
                return shown
        raise AssertionError(f"never quiet\n{last}")

    # The shell

    def command(self, line: str, timeout=20) -> str:
        """Runs a command in the shell and returns what it printed."""
        mark = f"end-{next(_numbers)}-"
        self.type(f" clear; {line}; echo {mark}$?")
        self.keys("Enter")
        shown = self.wait_for(re.compile(rf"^{mark}\d+", re.MULTILINE), timeout)
        return shown.split(mark)[0].strip("\n")

    def terminal_state(self) -> str:
        """All settings of the terminal but its size."""
        return "".join(self.command("stty -g").split())
