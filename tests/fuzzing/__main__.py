"""Runs fuzzers for some minutes each: python -m tests.fuzzing --minutes 10 [NAME ...]

Each runs in a process of its own, so that one which dies is seen. What failed is kept in `runs/fuzzing/NAME/`, tried
first the next time, and printed as small as it could be made; it becomes a test in `test_readers.py`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.fuzzing.readers import FUZZERS, check

FOLDER = Path("runs/fuzzing")
EACH = 1000
"""Inputs between two looks at the clock."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(FUZZERS)}")
    parser.add_argument("--minutes", type=float, default=10)
    given_ = parser.parse_args()
    if unknown := sorted(set(given_.names) - FUZZERS.keys()):
        parser.error(f"no fuzzer {unknown[0]!r}; there are: {', '.join(FUZZERS)}")
    bad = []
    for name in given_.names or FUZZERS:
        child = multiprocessing.get_context("spawn").Process(target=fuzz, args=(name, given_.minutes * 60))
        child.start()
        child.join()
        if child.exitcode:
            bad.append(name)
            print(f"{name}: ended with {child.exitcode}; the last input is {FOLDER / name / 'last'}", flush=True)
    sys.exit(f"failed: {', '.join(bad)}" if bad else 0)


def fuzz(name: str, seconds: float) -> None:
    """Tries inputs until the time is over, or one fails."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    fuzzer, seen = FUZZERS[name], Counter[str]()
    began = time.monotonic()

    def one(data: bytes) -> None:
        (folder / "last").write_bytes(data)
        seen["refused" if check(fuzzer, data) else "taken"] += 1

    number = 0
    while time.monotonic() - began < seconds:
        number += 1
        as_told = settings(
            max_examples=EACH,
            deadline=None,
            database=DirectoryBasedExampleDatabase(folder / "failures"),
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        seed(time.time_ns())(as_told(given(data=fuzzer.inputs())(one)))()
    minutes = (time.monotonic() - began) / 60
    print(f"{name}: {sum(seen.values())} inputs in {minutes:.1f} min, {seen['refused']} refused", flush=True)


if __name__ == "__main__":
    main()
