"""Recipes: all that decides a training, as data. `recipes/NAME.toml` states them; what one does not state is here.

TOML has no word for None; "none" stands for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from models.auffusion.conditioning import Unconditional
from models.auffusion.sampling import Sampling
from models.auffusion.spectrogram import MelSettings
from models.auffusion.training.diffusion import Diffusion
from models.auffusion.training.loop import Schedule
from models.auffusion.training.scenes import Mix
from models.auffusion.training.vae import VaeLosses
from models.auffusion.training.vocoder import VocoderLosses
from tta_bench.types import UserError

FOLDER = Path(__file__).parent / "recipes"
SHARED = ("data", "vae", "vocoder")
"""Stages whose results are those of a recipe's base."""


@dataclass(frozen=True)
class Data:
    """Which clips."""

    n: int = 12_000
    """Scenes to train on, where scenes are what is trained on."""
    n_held_out: int = 250
    seed: int = 0
    mix: Mix = field(default_factory=Mix)


@dataclass(frozen=True)
class VaeStage:
    """The VAE; without a network, it is taken from the folder that training starts from."""

    schedule: Schedule
    network: Mapping[str, Any] | None = None
    """Configuration of an AutoencoderKL."""
    losses: VaeLosses = field(default_factory=VaeLosses)


@dataclass(frozen=True)
class VocoderStage:
    """The vocoder."""

    schedule: Schedule
    network: Mapping[str, Any] | None = None
    """The `config.json` of a HiFi-GAN."""
    griffin_lim: Mapping[str, Any] | None = None
    """In its place: arguments of Griffin and Lim's algorithm, which learns nothing."""
    losses: VocoderLosses = field(default_factory=VocoderLosses)

    @property
    def learns(self) -> bool:
        """Whether there is anything to train."""
        return self.griffin_lim is None


@dataclass(frozen=True)
class ReaderStage:
    """The reader of captions."""

    schedule: Schedule
    network: Mapping[str, Any]
    """Arguments of `reader.Reader`, but for the sounds."""
    data: Data = field(default_factory=Data)
    """Which scenes it hears told, each once: they are not rendered, and cost little."""


@dataclass(frozen=True)
class ClapStage:
    """The CLAP whose text half conditions."""

    schedule: Schedule
    network: Mapping[str, Any]
    """Arguments of `clap.ClapText`."""


@dataclass(frozen=True)
class UnetStage:
    """The U-Net; without a network, it is taken from the folder that training starts from."""

    schedule: Schedule
    network: Mapping[str, Any] | None = None
    """Configuration of a UNet2DConditionModel."""
    pretrained: bool = True
    """Whether weights are taken from that folder too, or the configuration alone."""
    diffusion: Diffusion = field(default_factory=Diffusion)


@dataclass(frozen=True)
class Recipe:
    """A whole training."""

    name: str
    duration: float
    """Seconds of a clip."""
    mel: MelSettings
    conditions: tuple[Mapping[str, Any], ...]
    """Text encoders, as `condition_config.json` lists them."""
    scheduler: Mapping[str, Any]
    """Configuration of the noise."""
    vae: VaeStage
    vocoder: VocoderStage
    unet: UnetStage
    sampling: Sampling = field(default_factory=Sampling)
    """With which clips are drawn afterwards."""
    coordinates: tuple[str, ...] = ()
    unconditional: Unconditional = "zeros"
    map_layers: tuple[str, ...] = ()
    """See `settings.Settings`."""
    data: Data = field(default_factory=Data)
    reader: ReaderStage | None = None
    """None where no text encoder is to be one."""
    clap: ClapStage | None = None
    """Likewise."""
    base: str | None = None
    """The recipe whose data, VAE and vocoder are taken over, and made in the folder beside where they are missing."""
    variants: tuple[Mapping[str, Any], ...] = ()
    """Of the ablation: each has a `name`, its own `conditions` and, if it is drawn anew, `pretrained = false`."""

    @property
    def n_frames(self) -> int:
        """Frames of a clip."""
        return round(self.duration * self.mel.frame_rate)


def read_recipe(name: str) -> Recipe:
    """The recipe of that name, or of the file with that path. UserError for a setting that there is not."""
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    path = FOLDER / f"{name}.toml" if name in known else Path(name)
    if not path.is_file():
        raise UserError(f"No recipe {name!r}. There are: {', '.join(known)}; or name a .toml file.")
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"'{path}' is not TOML: {error}.") from error
    recipe: Recipe = _record(Recipe, {"name": path.stem, **stated}, str(path))
    return recipe


def read_variants(recipe: Recipe) -> dict[str, Recipe]:
    """The recipe of each variant by name: as this one, but for what the variant states."""
    if not recipe.variants:
        raise UserError(f"The recipe {recipe.name} lists no variants to compare. Give it [[variants]].")
    found = {}
    for variant in recipe.variants:
        unet = replace(recipe.unet, pretrained=variant.get("pretrained", True))
        name = f"{recipe.name}-{variant['name']}"
        found[variant["name"]] = replace(
            recipe, name=name, unet=unet, conditions=tuple(variant["conditions"]), variants=()
        )
    return found


def with_steps(recipe: Recipe, stage: str, steps: int) -> Recipe:
    """The recipe with another number of steps in the stage `vae`, `vocoder` or `unet`."""
    old = getattr(recipe, stage)
    return replace(recipe, **{stage: replace(old, schedule=replace(old.schedule, steps=steps))})


def _record(kind: Any, stated: Mapping[str, Any], place: str) -> Any:
    """A record of a table, and of the tables in it."""
    known = {entry.name for entry in fields(kind)}
    if unknown := sorted(stated.keys() - known):
        raise UserError(f"{place} states {unknown[0]!r}, which is no setting. There are: {', '.join(sorted(known))}.")
    types = get_type_hints(kind)
    try:
        return kind(**{key: _value(types[key], value, f"{place}, {key}") for key, value in stated.items()})
    except TypeError as error:
        raise UserError(f"{place} is incomplete: {error}.") from error


def _value(kind: Any, value: Any, place: str) -> Any:
    record = next((one for one in (kind, *get_args(kind)) if is_dataclass(one)), None)
    if record is not None and value != "none":
        return _record(record, value, place)
    if isinstance(value, list):
        return tuple(value)
    return None if value == "none" else value
