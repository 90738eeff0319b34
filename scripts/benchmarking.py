"""What the benchmarks share: another program in a virtual environment of its own, and the table
in which it stands beside Riposte."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "riposte" / "bench"
DATA = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "riposte"
MODEL = DATA / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Peer:
    """A worker script, and a Python that has what it imports."""

    def __init__(self, python: Path, worker: str):
        self.python = python
        self.worker = HERE / worker

    @staticmethod
    def installed(name: str, worker: str, packages: list[str], environment=None) -> "Peer":
        """In a virtual environment under the cache directory, made where it is missing."""
        folder = CACHE / name
        python = folder / "bin" / "python"
        ready = folder / "ready"
        if not ready.exists():
            say(f"bench: installing {' '.join(packages)} in {folder}; this takes minutes")
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
            subprocess.run(pip + packages, check=True, env=os.environ | (environment or {}))
            ready.touch()
        return Peer(python, worker)

    def run(self, *arguments) -> dict:
        command = [self.python, self.worker, *map(str, arguments)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def median(rows: list[dict], *path) -> float:
    values = []
    for row in rows:
        for key in path:
            row = row[key]
        values.append(row)
    return statistics.median(values)


class Table:
    def __init__(self, peer: str):
        self.peer = peer
        self.rows = []

    def add(self, file, measure, ours, theirs=None, unit="", lower=False, share=None, target=None):
        ratio = None if theirs is None else ours / theirs
        met = None
        if ratio is not None and target is not None:
            met = ratio <= target if lower else ratio >= target
        self.rows.append({
            "file": file, "measure": measure, "unit": unit, "riposte": ours,
            self.peer.lower().replace(".", "_"): theirs, "ratio": ratio,
            "share_of_limit": share, "target": target, "target_is_ceiling": lower, "met": met,
        })

    def add_own(self, file, measure, value, target, lower=False):
        """A figure that concerns Riposte alone."""
        self.add(file, measure, value, target=target, lower=lower)
        self.rows[-1]["met"] = value <= target if lower else value >= target

    @staticmethod
    def number(value) -> str:
        if value is None:
            return "-"
        return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

    def print(self) -> None:
        header = ("file", "measure", "riposte", self.peer, "ratio", "of limit", "wanted", "")
        lines = [header]
        for row in self.rows:
            sign = "≤" if row["target_is_ceiling"] else "≥"
            share = row["share_of_limit"]
            lines.append((
                row["file"], row["measure"] + (f", {row['unit']}" if row["unit"] else ""),
                self.number(row["riposte"]),
                self.number(row[self.peer.lower().replace(".", "_")]),
                "-" if row["ratio"] is None else f"{row['ratio']:.2f}",
                "-" if share is None else f"{share:.0%}",
                "-" if row["target"] is None else f"{sign} {row['target']:g}",
                {None: "", True: "ok", False: "MISSED"}[row["met"]],
            ))
        widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
        for number, line in enumerate(lines):
            cells = [c.ljust(w) if i in (0, 1, 7) else c.rjust(w)
                     for i, (c, w) in enumerate(zip(line, widths))]
            print("  ".join(cells).rstrip())
            if number == 0:
                print("  ".join("-" * w for w in widths).rstrip())

    def finish(self, output: Path | None) -> None:
        self.print()
        if output:
            output.write_text(json.dumps(self.rows, indent=2) + "\n")
        missed = sum(row["met"] is False for row in self.rows)
        print(f"\n{missed} figures of this table miss what is wanted" if missed
              else "\nevery figure of this table is as wanted")
