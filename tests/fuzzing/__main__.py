"""Runs fuzzers for some minutes each: python -m tests.fuzzing --minutes 10 [NAME ...]

Each runs in a process of its own, so that one which dies is seen. What failed is kept in `runs/fuzzing/NAME/`, tried
first the next time, and printed as small as it could be made; it becomes a test in `test_readers.py`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys

from tests.fuzzing.readers import FUZZERS
from tests.fuzzing.running import FOLDER, fuzz


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


if __name__ == "__main__":
    main()
