"""Auffusion, the reference generator: text to sound, and sound edited by text.

Xue et al., https://arxiv.org/abs/2401.01044. `load` gives the benchmark its contestant; its `pipeline` has the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, final

from models._shared.cards import card_of
from models.auffusion.cards import CHECKPOINTS, PAPER
from models.auffusion.locate import fetch, find
from tta_bench.types import Clip, ModelCard

if TYPE_CHECKING:
    from models.auffusion.pipeline import AuffusionPipeline
    from models.auffusion.sampling import Sampling

__all__ = ["CHECKPOINTS", "Auffusion", "fetch", "find", "load", "load_as"]


def load(
    checkpoint: str,
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    sampling: Sampling | None = None,
    compiled: bool = False,
) -> Auffusion:
    """The contestant `auffusion:checkpoint`, from the files of its published folder by their names in it.

    `files` is what `find` gives, or `locate.files_in` of a folder. `sampling` defaults to the checkpoint's own.
    `compiled` runs the U-Net through torch.compile: slow at first. Raises UserError, naming the file, for a checkpoint
    that is incomplete, damaged or not one of Auffusion's.
    """
    card = partial(card_of, "auffusion", checkpoint, CHECKPOINTS.get(checkpoint), files, paper=PAPER)
    return load_as(card, files, device=device, dtype=dtype, sampling=sampling, compiled=compiled)


def load_as(
    card: Callable[..., ModelCard],
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    sampling: Sampling | None = None,
    compiled: bool = False,
) -> Auffusion:
    """The contestant whose card `card(settings=...)` is, from files as `load` takes them; for the rest see there."""
    from models._shared.networks import precision
    from models.auffusion.loading import load_pipeline

    pipeline = load_pipeline(files, device=device, dtype=precision(dtype))
    if compiled:
        import torch

        pipeline.unet = torch.compile(pipeline.unet)
    drawn = sampling or pipeline.settings.sampling
    settings = {
        **asdict(drawn),
        "scheduler": drawn.scheduler or type(pipeline.scheduler).__name__,
        "dtype": dtype,
        "compiled": compiled,
    }
    return Auffusion(card(settings=settings), pipeline, drawn)


@final
class Auffusion:
    """The contestant."""

    def __init__(self, card: ModelCard, pipeline: AuffusionPipeline, sampling: Sampling) -> None:
        self.card = card
        self.pipeline = pipeline
        self._sampling = sampling

    def generate(self, texts: Sequence[str], seeds: Sequence[int], duration: float) -> list[Clip]:
        """One clip of `duration` seconds for each text, all as one batch, as loud as the vocoder makes them.

        Clip i depends on texts[i], seeds[i] and duration only, up to 1e-4 in float32.
        """
        made = self.pipeline(texts, seeds=seeds, duration=duration, sampling=self._sampling)
        return made.clips or []
