#!/usr/bin/env python3
"""Runs the end-to-end tests against a built program and prints 'N passed, N failed'.

    Tests/EndToEnd/run.py --binary .build/debug/riposte [NAME …]

Each test_*.py beside this file holds unittest cases; NAME keeps those whose id contains it.
"""

import argparse
import os
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/debug/riposte")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    binary = Path(options.binary).resolve()
    if not os.access(binary, os.X_OK):
        sys.exit(f"end-to-end: there is no program at {binary}; run 'make debug' first")
    os.environ["RIPOSTE_BINARY"] = str(binary)
    sys.path.insert(0, str(HERE))

    found = unittest.defaultTestLoader.discover(str(HERE), pattern="test_*.py")
    chosen = [
        case for case in cases(found)
        if not options.names or any(name in case.id() for name in options.names)
    ]
    started = time.monotonic()
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Result, stream=sys.stdout)
    result = runner.run(unittest.TestSuite(chosen))
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    for case, reason in result.skipped:
        print(f"skipped: {case.id()}: {reason}")
    print(f"end-to-end: {result.passed} passed, {failed} failed, {len(result.skipped)} skipped, "
          f"in {time.monotonic() - started:.0f} s")
    return 0 if failed == 0 and result.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
