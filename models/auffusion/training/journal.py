"""What is noted while training: `log.jsonl` for numbers, and numbers, pictures and clips for TensorBoard."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from tta_bench.types import Clip

log = logging.getLogger(__name__)

LOG = "log.jsonl"


@final
class Journal:
    """Notes of one run. `tensorboard --logdir FOLDER` shows them."""

    def __init__(self, folder: Path, step: int, *, writes: bool = True) -> None:
        """Goes on from `step`: what was noted after it is forgotten, for it is done again."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / LOG
        self._events: Any = SummaryWriter(str(folder / "events"), purge_step=step) if writes else None
        if writes and self._path.exists():
            lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
            self._path.write_text("".join(kept), encoding="utf-8")

    def note(self, step: int, values: Mapping[str, float | Tensor | Clip], *, prefix: str = "") -> None:
        """Notes numbers, pictures `(height, width)` in [0, 1] with their first row at the bottom, and clips."""
        if self._events is None:
            return
        numbers = {f"{prefix}{name}": value for name, value in values.items() if isinstance(value, float)}
        log.info("step %d: %s", step, ", ".join(f"{name} {value:.4g}" for name, value in numbers.items()))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step} | numbers) + "\n")
        for name, value in values.items():
            if isinstance(value, Clip):
                samples = torch.from_numpy(value.samples).clamp(-1, 1)
                self._events.add_audio(f"{prefix}{name}", samples[None], step, sample_rate=value.sample_rate)
            elif isinstance(value, Tensor):
                self._events.add_image(f"{prefix}{name}", value.flip(0).clamp(0, 1), step, dataformats="HW")
            else:
                self._events.add_scalar(f"{prefix}{name}", value, step)
        self._events.flush()
