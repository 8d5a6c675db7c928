"""How well events are counted in captions. Run: python benchmarks/counting.py AUDIOCAPS_TEST.csv

`counting.csv` has how many events were counted by hand in each of 150 captions of the official test table of AudioCaps,
drawn at random, a clip at most once, before the counter was written. Captions are read from that table, as its owners
publish it (audiocap_id, youtube_id, start_time, caption).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tta_bench.prompts.counting import count_events, event_spans  # noqa: E402
from tta_bench.types import BUCKETS, bucket_of  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captions", type=Path)
    parser.add_argument("--show", action="store_true", help="what was counted where the two do not agree")
    given = parser.parse_args()
    with given.captions.open(encoding="utf-8", newline="") as file:
        captions = {row["audiocap_id"]: row["caption"] for row in csv.DictReader(file)}
    with (Path(__file__).parent / "counting.csv").open(encoding="utf-8", newline="") as file:
        by_hand = {row["audiocap_id"]: int(row["n_events"]) for row in csv.DictReader(file)}
    counter = {name: count_events(captions[name]) for name in by_hand}
    pairs = Counter((bucket_of(by_hand[name]), bucket_of(counter[name])) for name in by_hand)
    print("| by hand | " + " | ".join(BUCKETS) + " |\n| ---: |" + " ---: |" * len(BUCKETS))
    for row in BUCKETS:
        print(f"| {row} | " + " | ".join(str(pairs[row, column]) for column in BUCKETS) + " |")
    same = sum(pairs[one, one] for one in BUCKETS)
    near = sum(abs(by_hand[name] - counter[name]) <= 1 for name in by_hand)
    print(f"\n{same} of {len(by_hand)} in the same bucket, {near} within one event")
    for name in by_hand if given.show else ():
        if bucket_of(by_hand[name]) != bucket_of(counter[name]):
            counted = [captions[name][start:stop] for start, stop in event_spans(captions[name])]
            print(f"{by_hand[name]} not {counter[name]}: {counted}")


if __name__ == "__main__":
    main()
