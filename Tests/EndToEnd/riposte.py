"""What the end-to-end tests share: a sandbox of folders, and the program run in it."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

BINARY = os.environ.get("RIPOSTE_BINARY", ".build/debug/riposte")


def default_model() -> Path:
    named = os.environ.get("RIPOSTE_TEST_MODEL")
    if named:
        return Path(named)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "riposte" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"


needs_model = unittest.skipUnless(
    default_model().exists(), "the default model is not on this machine")


def messages(*contents):
    roles = ["user", "assistant"]
    return [{"role": roles[i % 2], "content": text} for i, text in enumerate(contents)]


class Outcome:
    def __init__(self, status: int, out: bytes, err: bytes):
        self.status = status
        self.bytes = out
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return f"status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


class SandboxCase(unittest.TestCase):
    """Each test has folders of its own, so that nothing of the person's is read or written."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="riposte-test."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("RIPOSTE_", "XDG_"))
        }
        for kind in ("DATA", "CONFIG", "CACHE", "STATE"):
            self.environment[f"RIPOSTE_{kind}_HOME"] = str(self.folder / kind.lower())
        self.environment["HOME"] = str(self.folder / "home")
        (self.folder / "home").mkdir()
        # A crash is to end the process, not to be explained for seconds.
        self.environment["SWIFT_BACKTRACE"] = "enable=no"

    def write(self, name: str, content) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_program(self, *arguments, input=None, timeout=120, **environment) -> Outcome:
        process = subprocess.run(
            [BINARY, *map(str, arguments)],
            input=None if input is None else (
                input if isinstance(input, bytes) else input.encode()),
            stdin=subprocess.DEVNULL if input is None else None,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, cwd=self.folder,
            env=self.environment | environment)
        return Outcome(process.returncode, process.stdout, process.stderr)

    def succeed(self, *arguments, **options) -> Outcome:
        outcome = self.run_program(*arguments, **options)
        self.assertEqual(outcome.status, 0, f"{arguments}\n{outcome!r}")
        return outcome

    def refuse(self, *arguments, status=None, **options) -> Outcome:
        """The program says in one sentence what is wrong, and writes nothing."""
        before = self.snapshot()
        outcome = self.run_program(*arguments, **options)
        report = f"{arguments}\n{outcome!r}"
        if status is None:
            self.assertIn(outcome.status, (1, 2), report)
        else:
            self.assertEqual(outcome.status, status, report)
        self.assertEqual(outcome.out, "", report)
        sentences = outcome.err.strip().splitlines()
        self.assertEqual(len(sentences), 1, report)
        self.assertTrue(sentences[0].startswith("riposte: "), report)
        self.assertGreater(len(sentences[0]), 25, report)
        self.assertEqual(self.snapshot(), before, "files changed")
        return outcome

    def snapshot(self) -> dict:
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.rglob("*")) if path.is_file()
        }

    def assert_not_crashed(self, outcome: Outcome, context=""):
        crashes = {-signal.SIGILL, -signal.SIGTRAP, -signal.SIGSEGV, -signal.SIGABRT,
                   -signal.SIGBUS, -signal.SIGFPE, -signal.SIGKILL}
        self.assertNotIn(outcome.status, crashes, f"{context}\n{outcome!r}")
