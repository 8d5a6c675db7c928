"""What a text encoder is worth: the same U-Net trained for the same short budget with each, and compared.

All variants share data, VAE, vocoder, schedule and seed, and their errors are those of the same held-out clips under
the same noise. The error with another clip's caption says how much a U-Net makes of captions at all. Each variant is
also written as a checkpoint, so that the benchmark can measure its clips: `--models auffusion:FOLDER`.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from models.auffusion.training.diffusion import Noising
from models.auffusion.training.recipe import Recipe, read_variants, with_steps
from models.auffusion.training.stages import (
    Job,
    make_checkpoint,
    make_unet,
    read_denoiser,
    read_latents,
    take_over,
)
from models.auffusion.training.unet import validate
from tta_bench.arrays import write_whole

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What was measured of a variant."""

    variant: str
    error: float
    """Mean squared error of what is predicted for held-out clips."""
    error_of_other_captions: float
    """The same with the caption of another clip."""

    @property
    def gain(self) -> float:
        """Part of the error that the right caption takes away."""
        return 1 - self.error / self.error_of_other_captions


def compare(job: Job, steps: int) -> Path | None:
    """Trains the variants of the job's recipe for `steps` and writes `ablation/README.md` with a table of outcomes.

    Data, VAE and vocoder of the job must be there. None if the minutes were over before; the same call then goes on.
    """
    begun, outcomes = time.monotonic(), []
    for name, recipe in read_variants(job.recipe).items():
        left = None if job.minutes is None else job.minutes - (time.monotonic() - begun) / 60
        variant = _job(job, name, with_steps(recipe, "unet", steps), left)
        if (left is not None and left <= 0) or not make_unet(variant):
            return None
        make_checkpoint(variant)
        outcomes.append(measure(variant, name))
        write_whole(variant.folder / "outcome.json", json.dumps(asdict(outcomes[-1])))
    report = job.folder / "ablation" / "README.md"
    write_whole(report, table(outcomes, steps))
    return report


def _job(job: Job, name: str, recipe: Recipe, minutes: float | None) -> Job:
    """A variant's job, in a folder of its own, with what all share."""
    folder = job.folder / "ablation" / name
    take_over(job, folder)
    return replace(job, recipe=recipe, folder=folder, minutes=minutes)


@torch.no_grad()
def measure(job: Job, name: str) -> Outcome:
    """The errors of a variant that is trained."""
    _, held_out = read_latents(job)
    network = read_denoiser(job)
    noising = Noising(job.recipe.scheduler, None)
    others = replace(held_out, captions=held_out.captions[1:] + held_out.captions[:1])
    right, wrong = (validate(network, data, noising)["error"] for data in (held_out, others))
    return Outcome(name, right, wrong)


def table(outcomes: list[Outcome], steps: int) -> str:
    """Outcomes as Markdown."""
    rows = "\n".join(
        f"| {one.variant} | {one.error:.4f} | {one.error_of_other_captions:.4f} | {one.gain:.1%} |" for one in outcomes
    )
    return (
        f"Each for {steps} steps of the U-Net, on the same data with the same seed.\n\n"
        "| variant | error | with another clip's caption | gain |\n| --- | --- | --- | --- |\n" + rows + "\n"
    )
