"""One fuzzer, for some minutes."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.fuzzing.readers import FUZZERS, check

FOLDER = Path("runs/fuzzing")
EACH = 100
"""Inputs between two looks at the clock."""
WIDEST = 300
"""Characters of a line of a report."""


def fuzz(name: str, seconds: float) -> None:
    """Tries inputs until the time is over, or one fails."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    fuzzer, seen = FUZZERS[name], Counter[str]()
    began = time.monotonic()

    def one(data: bytes) -> None:
        (folder / "last").write_bytes(data)
        seen["refused" if check(fuzzer, data) else "taken"] += 1

    while time.monotonic() - began < seconds:
        as_told = settings(
            max_examples=EACH,
            deadline=None,
            database=DirectoryBasedExampleDatabase(folder / "failures"),
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        try:
            seed(time.time_ns())(as_told(given(data=fuzzer.inputs())(one)))()
        except BaseException as error:
            print("\n".join(line[:WIDEST] for line in "".join(traceback.format_exception(error)).splitlines()[-40:]))
            print(f"{name}: FAILED after {sum(seen.values())} inputs; smallest in {folder / 'last'}", flush=True)
            raise SystemExit(1) from None
    minutes = (time.monotonic() - began) / 60
    print(f"{name}: {sum(seen.values())} inputs in {minutes:.1f} min, {seen['refused']} refused", flush=True)
