"""Writes trained networks as a checkpoint in the published layout: float16, with settings and a card."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models._shared.networks import read_network
from models._shared.states import read_json, read_state
from models.auffusion.loading import load_pipeline
from models.auffusion.locate import GRIFFIN_LIM, SETTINGS, files_in
from models.auffusion.training.listening import settings_of
from models.auffusion.training.parts import halved, save_network, write_part
from models.auffusion.training.recipe import SHARED, Recipe
from tta_bench.arrays import write_whole
from tta_bench.audio import file_sha256
from tta_bench.types import UserError

log = logging.getLogger(__name__)

NETWORKS = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL"}
WEIGHTS = ("unet", "vae", "vocoder")
TRAINED = {"events": "reader.safetensors", "clap": "clap.safetensors"}
"""`condition_type` -> weights of the text encoders that are trained as a stage, in the folder that the entry names."""


def export(recipe: Recipe, parts: Path, folder: Path, start: Path | None, *, command: str) -> None:
    """Writes the checkpoint of the networks in `parts`; it is read once to see that it is whole.

    `command` made it, as the card will say. Raises UserError if a network is missing.
    """
    missing = [name for name in _learnt(recipe) if not (parts / name / "config.json").exists()]
    if missing:
        raise UserError(f"'{parts}' has no trained {', '.join(missing)}. Run these stages first.")
    for name, kind in NETWORKS.items():
        save_network(read_network(files_in(parts), name, kind).half(), folder / name)
    if recipe.vocoder.learns:
        _halve(parts / "vocoder", folder / "vocoder", "vocoder.safetensors")
    else:
        write_whole(folder / GRIFFIN_LIM, _json(dict(recipe.vocoder.griffin_lim or {})))
    write_whole(folder / "scheduler" / "scheduler_config.json", _json(recipe.scheduler))
    write_whole(folder / "condition_config.json", _json([dict(entry) for entry in recipe.conditions]))
    for entry in recipe.conditions:
        if adapter := entry.get("condition_adapter_name"):
            _halve(parts / adapter, folder / adapter, "condition_adapter.safetensors")
        if weights := TRAINED.get(entry["condition_type"]):
            _halve(parts / entry["text_encoder_name"], folder / entry["text_encoder_name"], weights)
        elif start and (encoder := entry.get("text_encoder_name")):
            shutil.copytree(start / encoder, folder / encoder, dirs_exist_ok=True)
    write_whole(folder / SETTINGS, _json(asdict(settings_of(recipe))))
    write_whole(folder / "README.md", card(recipe, folder, command))
    load_pipeline(files_in(folder))
    log.info("wrote %s", folder)


def _learnt(recipe: Recipe) -> list[str]:
    """The stages that end in weights."""
    encoders = [entry["text_encoder_name"] for entry in recipe.conditions if entry["condition_type"] in TRAINED]
    return [name for name in WEIGHTS if name != "vocoder" or recipe.vocoder.learns] + encoders


def _halve(source: Path, target: Path, name: str) -> None:
    write_part(target, name, halved(read_state(source / name)), read_json(source / "config.json"))


def card(recipe: Recipe, folder: Path, command: str) -> str:
    """What is to be known of a checkpoint, as Markdown."""
    rows = list(_rows(folder))
    total = sum(path.stat().st_size for name in WEIGHTS for path in (folder / name).rglob("*") if path.is_file())
    own = [name for name in _learnt(recipe) if recipe.base is None or name not in SHARED]
    schedules = {name: getattr(recipe, name).schedule for name in own}
    trained = "\n".join(
        f"- {name}: {one.steps} steps of {one.batch_size} {'captions' if name == 'reader' else 'clips'}, "
        f"learning rate {one.learning_rate:g}, seed {one.seed}"
        for name, one in schedules.items()
    )
    if recipe.base is not None:
        trained = f"- {', '.join(SHARED)}: those of the recipe {recipe.base}\n{trained}"
    return CARD.format(
        name=recipe.name,
        duration=recipe.duration,
        trained=trained,
        data=recipe.data,
        command=command,
        megabytes=total / 2**20,
        rows="\n".join(rows),
    )


def _rows(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.safetensors")):
        n_weights = sum(tensor.numel() for tensor in read_state(path).values())
        yield f"| {path.relative_to(folder).as_posix()} | {n_weights:,} | `{file_sha256(path)}` |"


def _json(content: Mapping[str, Any] | list[Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


CARD = """# Auffusion, {name}

Makes sound of captions, {duration} s at a time; longer clips through overlapping windows.

- Trained on: {data.n:,} scenes of tta_bench's own making, seed {data.seed}, each with {data.mix.captions} captions; or
  the clips that the command names
- Licence: that of this repository
- Made by `{command}`

{trained}

U-Net, VAE and vocoder have {megabytes:.1f} MiB together, in float16.

| file | weights | sha256 |
| --- | --- | --- |
{rows}
"""
