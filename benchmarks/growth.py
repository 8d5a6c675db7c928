"""How the time and memory of set metrics and intervals grow with the number of clips, on made-up features.

    python benchmarks/growth.py [--sizes 100,1000,10000,100000] [--d 512] [--pairs 10000]

Each size is a process of its own, whose peak memory is printed; each metric has one BLAS thread, as in a run, where
metrics share the cores. Metrics that visit every pair of clips grow with the square, so they stop at `--pairs`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent.parent))

from tta_bench.metrics import divergence, frechet, intervals, kernel, manifold
from tta_bench.metrics.rows import Rows

N_CLASSES = 527


def main() -> None:
    """Prints a Markdown table: a row a metric, a column a size."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", default="100,1000,10000,100000")
    arguments.add_argument("--d", type=int, default=512)
    arguments.add_argument("--pairs", type=int, default=10_000, help="largest size for metrics of all pairs")
    arguments.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(measured(asked.one, asked.d, with_pairs=asked.one <= asked.pairs)))
        return
    sizes = asked.sizes.split(",")
    again = [sys.executable, __file__, "--d", str(asked.d), "--pairs", str(asked.pairs), "--one"]
    columns = [json.loads(subprocess.check_output([*again, size], text=True)) for size in sizes]
    print("| | " + " | ".join(f"n = {int(size):,}" for size in sizes) + " |")
    print("|---|" + "---:|" * len(sizes))
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(str(column.get(name, "")) for column in columns) + " |")


def measured(n: int, d: int, *, with_pairs: bool) -> dict[str, str]:
    """Seconds of each metric, and the peak of memory."""
    rng = np.random.default_rng(0)
    # A spectrum that decays as that of embeddings does.
    x, y = ((rng.standard_normal((n, d)) * np.linspace(1, 0.02, d)).astype(np.float32) for _ in range(2))
    logits = rng.standard_normal((n, N_CLASSES), dtype=np.float32)
    generated, reference, classes = (Rows(part, np.arange(n)) for part in (x, y, logits))
    blocks = intervals.jackknife_blocks(n) or []
    found: dict[str, str] = {}

    def clock(name: str, work: Callable[[], object]) -> None:
        start = time.perf_counter()
        work()
        found[name] = f"{time.perf_counter() - start:.2f} s"

    with threadpool_limits(1, user_api="blas"):
        clock("mean of a per-clip metric, with interval", lambda: intervals.mean_interval(x[:, 0]))
        clock("KL", lambda: divergence.kl_softmax(logits, logits[::-1]))
        clock("IS", lambda: divergence.inception_score(logits))
        clock("IS, interval", lambda: divergence.inception_leave_out(classes, None, blocks))
        clock("FD", lambda: frechet.frechet_distance(x, y))
        clock("FD, interval", lambda: frechet.frechet_leave_out(generated, reference, blocks))
        if with_pairs:
            clock("KAD", lambda: kernel.kad(x, y))
            clock("KAD, interval", lambda: kernel.kad_leave_out(generated, reference, blocks))
            clock("precision", lambda: manifold.precision(x, y))
    found["peak memory"] = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"
    return found


if __name__ == "__main__":
    main()
