"""Tiny checkpoints with random weights, in the published layout, and what the authors' code makes of one of them."""

import runpy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from models.auffusion.loading import load_pipeline
from models.auffusion.locate import files_in
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.sampling import Sampling
from tta_bench.types import Clip

GOLDEN = Path(__file__).parent.parent / "golden"
SHORT = 0.32
"""Seconds: the shortest clip that leaves the U-Net something to attend to."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small are slower on two threads, and much slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def maker() -> Any:
    """The script that made the golden arrays: what it makes inputs with is used again."""
    return SimpleNamespace(**runpy.run_path(str(GOLDEN / "make_auffusion.py")))


@pytest.fixture(scope="session")
def checkpoint(maker: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as auffusion/auffusion is published."""
    return Path(maker.write_checkpoint(tmp_path_factory.mktemp("auffusion")))


@pytest.fixture(scope="session")
def plain_checkpoint(maker: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as auffusion/auffusion-full-no-adapter is published."""
    return Path(maker.write_checkpoint(tmp_path_factory.mktemp("no-adapter"), adapter=False))


@pytest.fixture(scope="session")
def published(checkpoint: Path) -> AuffusionPipeline:
    """The pipeline of `checkpoint`, as it is."""
    return load_pipeline(files_in(checkpoint))


@pytest.fixture
def pipeline(published: AuffusionPipeline) -> AuffusionPipeline:
    """The same networks with few steps, to be changed at will."""
    drawn = Sampling(num_inference_steps=3, guidance_scale=3.0, scheduler="ddim")
    return AuffusionPipeline(
        unet=published.unet,
        vae=published.vae,
        scheduler=published.scheduler,
        conditioning=published.conditioning,
        vocoder=published.vocoder,
        settings=replace(published.settings, sampling=drawn),
    )


@pytest.fixture
def source() -> Clip:
    """0.5 s of a tone that rises, at the model's sample rate."""
    t = np.arange(8000) / 16000
    return Clip((0.3 * np.sin(2 * np.pi * 500 * t * (1 + t))).astype(np.float32), 16000)
