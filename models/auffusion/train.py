"""Trains Auffusion: data, VAE, vocoder, U-Net, checkpoint. Stop it at any time; the same command goes on."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tta_bench.types import UserError

if TYPE_CHECKING:
    from models.auffusion.training.stages import Job

NAMES = ("data", "vae", "vocoder", "reader", "clap", "unet", "export")
EXAMPLE = """examples:
  python -m models.auffusion.train pocket                          everything, on two CPU cores
  python -m models.auffusion.train pocket --stages vae --minutes 40
  python -m models.auffusion.train pocket --ablation --steps 1000
  accelerate launch -m models.auffusion.train published --clips DIR --start STABLE_DIFFUSION
"""


def main(given: Sequence[str] | None = None) -> int:
    """Runs what is named on the command line: 0 done, 1 stopped before it was done, 2 refused."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    # Threads that spin while they wait make a step five times as long when anything else is running on the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    arguments = parser().parse_args(given)
    try:
        return _run(arguments, shlex.join(["python", "-m", "models.auffusion.train", *(given or sys.argv[1:])]))
    except UserError as error:
        logging.getLogger(__name__).error("%s", error)
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(
        prog="python -m models.auffusion.train",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("recipe", help="pocket, pocket-audioldm, published, or a .toml file")
    whole.add_argument("--stages", default=",".join(NAMES), metavar="A,B", help="default: %(default)s")
    whole.add_argument("--run", type=Path, metavar="DIR", help="where all is kept (default: runs/auffusion/RECIPE)")
    whole.add_argument("--clips", type=Path, action="append", default=[], metavar="DIR", help="clips with captions")
    whole.add_argument("--start", type=Path, metavar="DIR", help="checkpoint to start from")
    whole.add_argument("--steps", type=int, help="of the one stage named, in place of the recipe's")
    whole.add_argument("--workers", type=int, default=2, help="processes that make data (default: %(default)s)")
    whole.add_argument("--ablation", action="store_true", help="train the recipe's variants for --steps, and compare")
    whole.add_argument("--minutes", type=float, help="stop after so many")
    return whole


def _run(arguments: argparse.Namespace, command: str) -> int:
    from models.auffusion.training.recipe import read_recipe, with_steps
    from models.auffusion.training.stages import Job, run

    recipe, stages = read_recipe(arguments.recipe), arguments.stages.split(",")
    if unknown := [name for name in stages if name not in NAMES]:
        raise UserError(f"No stage {unknown[0]!r}. There are: {', '.join(NAMES)}.")
    if arguments.steps is not None and not arguments.ablation:
        if len(stages) != 1 or stages[0] not in NAMES[1:-1]:
            raise UserError(f"--steps is for one of {', '.join(NAMES[1:-1])}; name it with --stages.")
        recipe = with_steps(recipe, stages[0], arguments.steps)
    job = Job(
        recipe,
        arguments.run or Path("runs/auffusion") / recipe.name,
        clips=tuple(arguments.clips),
        start=arguments.start,
        workers=arguments.workers,
        minutes=arguments.minutes,
        command=command,
    )
    if arguments.ablation:
        return 0 if _compare(job, arguments.steps) else 1
    return 0 if run(job, stages) else 1


def _compare(job: Job, steps: int | None) -> bool:
    from models.auffusion.training.ablation import compare

    if steps is None:
        raise UserError("An ablation needs --steps: how long each variant is trained.")
    report = compare(job, steps)
    if report is not None:
        sys.stdout.write(report.read_text(encoding="utf-8"))
    return report is not None


if __name__ == "__main__":
    sys.exit(main())
