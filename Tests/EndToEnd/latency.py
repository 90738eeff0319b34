#!/usr/bin/env python3
"""From a key to its cell on the screen: how long a person waits, measured on a pty.

    Tests/EndToEnd/latency.py [--keys 500] [--stream | --messages 10000 | --escape 20]
                              PROGRAM ARGUMENT …

Types a letter, waits until the program has sent it back, and counts the time between. With
--stream replies stream meanwhile: keys count in batches after which they still did. Prints one JSON object with
milliseconds, and fails where p50 is over 5 or p99 over 20. With --messages a conversation of that
many is opened first, in folders of its own, and scrolled: opening fails over 150 ms. With
--escape that many messages are sent and each reply is stopped by Esc while it streams: the time
until the screen says so, which fails where the longest is over 100 ms.
"""

import argparse
import fcntl
import json
import os
import pty
import random
import re
import select
import signal
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def set_niceness(value):
    try:
        os.setpriority(os.PRIO_PROCESS, 0, value)
    except PermissionError:
        pass


class Terminal:
    def __init__(self, command, columns=120, rows=40):
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            set_niceness(0)
            os.environ["TERM"] = "xterm-256color"
            os.environ.setdefault("LANG", "C.UTF-8")
            os.execvp(command[0], command)
        fcntl.ioctl(
            self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, timeout):
        ready, _, _ = select.select([self.descriptor], [], [], timeout)
        if not ready:
            return b""
        try:
            return os.read(self.descriptor, 1 << 16)
        except OSError:
            sys.exit("latency: the program ended")

    def wait_for(self, wanted, timeout=60):
        seen, end = b"", time.monotonic() + timeout
        while wanted not in seen:
            if time.monotonic() > end:
                sys.exit(f"latency: {wanted!r} not seen in {timeout} s")
            seen += self.read(0.1)

    def settle(self, quiet=0.3, longest=10):
        end = time.monotonic() + longest
        while self.read(quiet) and time.monotonic() < end:
            pass

    def drain(self):
        while self.read(0):
            pass

    def is_streaming(self):
        """Whether a screen painted anew says that replies are being written."""
        self.write(b"\x0c")
        seen, end = b"", time.monotonic() + 1
        while b"Esc stops" not in seen and time.monotonic() < end:
            seen += self.read(0.05)
        return b"Esc stops" in seen

    def stream(self, message):
        """Streams replies to a message, the last one's anew where there is none."""
        self.write(message + b"\r" if message else b"\x1b[15~")
        end = time.monotonic() + 60
        while not self.is_streaming():
            if time.monotonic() > end:
                sys.exit("latency: no reply was written in 60 s")

    def write(self, data):
        os.write(self.descriptor, data)

    def memory_bytes(self):
        with open(f"/proc/{self.process}/statm") as memory:
            return int(memory.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self):
        with open(f"/proc/{self.process}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def import_long(command, folder, count):
    """A conversation of so many messages in a store of its own."""
    for kind in ("DATA", "CONFIG", "CACHE", "STATE"):
        os.environ[f"RIPOSTE_{kind}_HOME"] = os.path.join(folder, kind.lower())
    messages = [
        {"role": "assistant" if number % 2 else "user",
         "content": f"Message {number}: " + "some words of a long conversation " * (number % 7 + 1)}
        for number in range(1, count)
    ]
    messages.append({"role": "user", "content": "the very last one"})
    file = os.path.join(folder, "long.messages.jsonl")
    with open(file, "w") as target:
        target.write(json.dumps({"messages": messages}) + "\n")
    subprocess.run([command[0], "conversations", "import", file], check=True,
                   stdout=subprocess.DEVNULL)


def long_conversation(terminal):
    """Milliseconds to open it and to scroll a page, and the memory that scrolling took."""
    terminal.settle(1, 60)
    terminal.write(b"/open 1")
    terminal.settle()
    start = time.perf_counter()
    terminal.write(b"\r")
    terminal.wait_for(b"the very last one")
    opened = (time.perf_counter() - start) * 1000
    terminal.settle(1, 60)
    before, waits = terminal.memory_bytes(), []
    for _ in range(300):
        terminal.drain()
        start = time.perf_counter()
        terminal.write(b"\x1b[5~")
        terminal.read(2)
        waits.append((time.perf_counter() - start) * 1000)
        time.sleep(0.01)
    return {
        "open_ms": round(opened, 1), "scroll_p50_ms": round(percentile(waits, 0.5), 3),
        "scroll_p99_ms": round(percentile(waits, 0.99), 3),
        "scroll_grew_bytes": terminal.memory_bytes() - before,
    }


def stop_replies(terminal, count):
    """Milliseconds from Esc to the hints of a chat at rest, each in a conversation of its own."""
    generator, waits = random.Random(1), []
    while len(waits) < count:
        terminal.write(b"Tell a very long story about a lighthouse.\r")
        seen, end = b"", time.monotonic() + generator.uniform(0.4, 1.2)
        while time.monotonic() < end:
            seen += terminal.read(0.01)
        start = time.perf_counter()
        # Of "stopped" only what differs from "stopping" is sent; the hints below change whole.
        # A story that ended by itself shows them already, and is not counted.
        if b"templates" not in seen:
            terminal.write(b"\x1b")
            terminal.wait_for(b"templates", timeout=5)
            waits.append((time.perf_counter() - start) * 1000)
        terminal.settle()
        terminal.write(b"/new\r")
        terminal.settle()
    os.kill(terminal.process, signal.SIGTERM)
    print(json.dumps({
        "stops": count, "p50_ms": round(percentile(waits, 0.5), 3),
        "max_ms": round(max(waits), 3)}))
    return 0 if max(waits) <= 100 else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=500)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--messages", type=int)
    parser.add_argument("--escape", type=int)
    parser.add_argument("--prompt", default="›")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="riposte-latency.")
    # The clock is not to wait for a core where the replies take all there are.
    set_niceness(-10)
    try:
        return measure(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(options, folder):
    if options.messages:
        import_long(options.command, folder, options.messages)
    terminal = Terminal(options.command)
    terminal.wait_for(options.prompt.encode())
    terminal.settle()
    if options.escape:
        return stop_replies(terminal, options.escape)
    extra = long_conversation(terminal) if options.messages else {}
    if options.stream:
        terminal.stream(b"Tell a long story about a lighthouse.")

    generator = random.Random(1)
    # Escape sequences hold letters too; only a letter outside of them is the echo.
    escape = re.compile(rb"\x1b(\[[0-9;?<]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")
    waits, batch = [], []
    while len(waits) < options.keys:
        # A letter that no text near by holds: replies stream in the same bytes.
        key = "ⓐⓑⓒⓓⓔⓕⓖⓗⓘⓙ"[len(batch) % 10].encode()
        terminal.drain()
        start = time.perf_counter()
        terminal.write(key)
        seen = b""
        while key not in escape.sub(b"", seen):
            seen += terminal.read(2)
            if time.perf_counter() - start > 2:
                sys.exit("latency: a key was not echoed in 2 s")
        batch.append((time.perf_counter() - start) * 1000)
        time.sleep(generator.uniform(0.005, 0.03))
        if len(batch) < min(60, options.keys - len(waits)):
            continue
        terminal.write(b"\x15")
        # What is cleared has been: the next letter changes its cell.
        terminal.read(2)
        if not options.stream or terminal.is_streaming():
            waits += batch
        else:
            terminal.stream(None)
        batch = []
    before, began = terminal.cpu_seconds(), time.monotonic()
    idle = None
    if not options.stream:
        terminal.drain()
        time.sleep(2)
        idle = (terminal.cpu_seconds() - before) / (time.monotonic() - began)
    os.kill(terminal.process, signal.SIGTERM)
    result = extra | {
        "keys": len(waits), "p50_ms": round(percentile(waits, 0.5), 3),
        "p99_ms": round(percentile(waits, 0.99), 3), "max_ms": round(max(waits), 3),
    }
    if idle is not None:
        result["idle_core_share"] = round(idle, 4)
    print(json.dumps(result))
    is_fast = result["p50_ms"] <= 5 and result["p99_ms"] <= 20
    return 0 if is_fast and result.get("open_ms", 0) <= 150 else 1


if __name__ == "__main__":
    sys.exit(main())
